#include "boot/platform/network/http_file.hpp"

#include "boot/platform/firmware.hpp"
#include "boot/platform/network/answer.hpp"
#include "boot/platform/network/boot_path.hpp"
#include "boot/platform/network/tcp.hpp"
#include "boot/platform/network/url.hpp"
#include "rt/format.hpp"
#include "rt/memory.hpp"

namespace platform {
namespace {

constexpr double kConnectSeconds = 10, kSilenceSeconds = 20;
constexpr double kGatherSeconds = 0.05;  // so often is there something to show
constexpr uint64_t kMaxUrl = 256, kMaxHead = 4096;

/// A file that a server sends; lives in pages of its own.
class HttpFile final : public Readable {
 public:
  static rt::Result<HttpFile*> make(rt::Text url, const Network& network);

  /// Asks for it, and reads the head of the answer.
  rt::Result<void> open();

  rt::Text name() const override { return {url_, url_size_}; }
  uint64_t size() const override { return size_; }
  uint64_t position() const override { return position_; }
  rt::Result<uint64_t> read(rt::Span<uint8_t> into) override;
  void close() override;

 private:
  explicit HttpFile(const Network& network) : network_(network) {}

  rt::Result<void> ask(const Url& url);
  rt::Result<void> read_head();
  rt::Result<void> judge(const Answer& answer);
  rt::Result<void> wait(uint64_t since, double seconds, const char* what);
  const rt::Error& broken(const char* what);

  const Network& network_;
  Pages memory_;  // this object lies in it
  Connection* connection_ = nullptr;
  uint64_t size_ = 0, position_ = 0;
  uint64_t looked_ = 0;  // ticks when Esc was last looked for
  uint32_t url_size_ = 0, head_bytes_ = 0, body_at_ = 0;
  char url_[kMaxUrl];
  char head_[kMaxHead];  // and the first bytes of the body: head_[body_at_, head_bytes_)
};

rt::Result<HttpFile*> HttpFile::make(rt::Text url, const Network& network) {
  if (url.size >= kMaxUrl) return rt::fail(rt::Errc::usage, url.size, "%pT: too long for a URL", &url);
  const uint64_t own = rt::round_up(sizeof(HttpFile), 64);
  Pages pages;
  if (rt::Result<void> done = pages.allocate(own + sizeof(Connection), MemoryUse::buffer, "a file from the network");
      !done)
    return done.error();
  rt::fill_bytes(pages.memory().data, 0, pages.memory().count);
  auto* const file = new (rt::Placement{pages.memory().data}) HttpFile(network);
  file->connection_ = reinterpret_cast<Connection*>(pages.memory().data + own);
  file->memory_ = static_cast<Pages&&>(pages);
  rt::copy_bytes(file->url_, url.data, url.size);
  file->url_size_ = uint32_t(url.size);
  return file;
}

void HttpFile::close() {
  if (!connection_->free()) connection_->reset();
  const Pages memory = static_cast<Pages&&>(memory_);  // gone with the object in it
}

/// The error of a connection that is no use any more.
const rt::Error& HttpFile::broken(const char* what) {
  const rt::Text url = name();
  const uefi::Status why = connection_->why();
  if (why == uefi::kConnectionRefused || (why == uefi::kConnectionReset && !head_bytes_))
    return rt::fail(rt::Errc::firmware, uint64_t(why), "%pT: nobody listens there; is the server running?", &url);
  if (why == uefi::kConnectionReset)
    return rt::fail(rt::Errc::firmware, uint64_t(why), "%pT: the server broke the connection after %'llu bytes", &url,
                    static_cast<unsigned long long>(position_));
  return firmware_error(why, "%pT: %s", &url, what);
}

/// Between two looks at the connection: lets time pass, if there is any left.
rt::Result<void> HttpFile::wait(uint64_t since, double seconds, const char* what) {
  const rt::Text url = name();
  const uint64_t now = Clock::ticks();
  if (now - looked_ >= network_.clock().milliseconds_to_ticks(50)) {
    looked_ = now;
    if (network_.keyboard().stop_pressed()) return rt::fail(rt::Errc::stopped, position_, "stopped while loading");
  }
  if (network_.clock().seconds(now - since) > seconds)
    return rt::fail(rt::Errc::firmware, uint64_t(uefi::Status::timeout), "%pT: %s for %.0f s", &url, what, seconds);
  // Quick while packets come one after the other, and a rest for the processor while they do not.
  (void)g_services->stall(network_.clock().seconds(now - since) < 0.01 ? 20 : 1000);
  return {};
}

rt::Result<void> HttpFile::open() {
  rt::Result<Url> url = read_url(name());
  if (!url) return url.error();
  if (!url->is_address) {
    rt::Result<uefi::Ip4Address> found = network_.look_up(url->name);
    if (!found)
      return rt::fail(found.error().code, found.error().detail, "%.*s: %s", int(url_size_), url_, found.error().text);
    url->address = *found;
  }
  if (rt::Result<void> done = ask(*url); !done) return done;
  return read_head();
}

rt::Result<void> HttpFile::ask(const Url& url) {
  rt::Result<void> done = connection_->connect(network_, url.address, url.port, network_.clock());
  if (!done)
    return rt::fail(done.error().code, done.error().detail, "%.*s: %s", int(url_size_), url_, done.error().text);
  for (const uint64_t began = Clock::ticks(); !connection_->connected();) {
    connection_->pump();
    if (connection_->failed()) return broken("the server cannot be reached");
    if (done = wait(began, kConnectSeconds, "the server does not answer"); !done) return done;
  }
  char request[kMaxUrl + 160];
  const rt::Text text = rt::print_to({request, sizeof request},
                                     "GET %pT HTTP/1.1\r\nHost: %pT\r\nUser-Agent: llama.efi\r\nAccept: */*\r\n"
                                     "Accept-Encoding: identity\r\nConnection: close\r\n\r\n", &url.path, &url.host);
  if (!connection_->write({reinterpret_cast<const uint8_t*>(text.data), text.size}))
    return broken("nothing can be sent");
  return {};
}

rt::Result<void> HttpFile::read_head() {
  uint64_t heard = Clock::ticks();
  uint64_t end = 0;
  const rt::Text url = name();
  while ((end = head_size({head_, head_bytes_})) == 0) {
    if (head_bytes_ == kMaxHead) break;
    connection_->pump();
    const uint64_t got = connection_->read({reinterpret_cast<uint8_t*>(head_) + head_bytes_, kMaxHead - head_bytes_});
    head_bytes_ += uint32_t(got);
    if (got) {
      heard = Clock::ticks();
    } else if (connection_->failed()) {
      return broken("the server did not answer");
    } else if (connection_->closed_by_peer()) {
      break;
    } else if (rt::Result<void> done = wait(heard, kSilenceSeconds, "the server says nothing"); !done) {
      return done;
    }
  }
  body_at_ = uint32_t(end);
  Answer answer;
  if (end == 0 || !read_answer({head_, end}, answer))
    return rt::fail(rt::Errc::unsupported, 0, "%pT: what answers there is no web server", &url);
  return judge(answer);
}

rt::Result<void> HttpFile::judge(const Answer& answer) {
  const rt::Text url = name();
  const uint32_t status = answer.status;
  constexpr auto kDetail = uint64_t(uefi::Status::http_error);
  if (status == 404 || status == 410)
    return rt::fail(rt::Errc::not_found, kDetail, "%pT: the server has no such file (status %u)", &url, status);
  if (status >= 300 && status < 400 && !answer.location.empty())
    return rt::fail(rt::Errc::unsupported, kDetail, "%pT: has moved (status %u); write the new place: %pT", &url,
                    status, &answer.location);
  if (status != 200)
    return rt::fail(rt::Errc::unsupported, kDetail, "%pT: the server refuses (status %u)", &url, status);
  if (answer.chunked || !answer.has_length)
    return rt::fail(rt::Errc::unsupported, kDetail,
                    "%pT: the server does not say how long the file is; serve it as it is, not compressed or in chunks",
                    &url);
  size_ = answer.length;
  return {};
}

rt::Result<uint64_t> HttpFile::read(rt::Span<uint8_t> into) {
  into.count = rt::min(into.count, size_ - position_);
  uint64_t n = rt::min<uint64_t>(into.count, head_bytes_ - body_at_);
  rt::copy_bytes(into.data, head_ + body_at_, n);
  body_at_ += uint32_t(n);
  position_ += n;
  const uint64_t began = Clock::ticks();
  while (n < into.count) {
    connection_->pump();
    const uint64_t got = connection_->read(into.from(n));
    n += got;
    position_ += got;
    if (n && network_.clock().seconds_since(began) > kGatherSeconds) break;
    if (got) continue;
    if (connection_->failed()) return broken("the connection broke");
    if (connection_->closed_by_peer()) break;
    if (rt::Result<void> done = wait(began, kSilenceSeconds, "the server says nothing"); !done) return done.error();
  }
  return n;
}

/// Where the program came from, unless from a volume.
BootPath program_path() {
  const uefi::Handle device = boot_device();
  if (!device || Volume::open(device)) return {};
  return read_boot_path(path_bytes(handle_protocol<uefi::DevicePathProtocol>(device)));
}

bool is_on_http(rt::Text name) { return is_url(name) || !program_path().uri.empty(); }

rt::Result<Input> open_by_http(rt::Text name, Place&, const Patience& patience) {
  char full[kMaxUrl];
  if (!is_url(name)) {
    while (name.starts_with("\\") || name.starts_with("/")) name = name.from(1);
    const rt::Text folder = http_home();
    name = rt::print_to({full, sizeof full}, "%pT%pT", &folder, &name);
    for (uint64_t i = 0; i < name.size; ++i)
      if (full[i] == '\\') full[i] = '/';
  }
  if (rt::Result<Url> url = read_url(name); !url) return url.error();  // before anything is touched
  rt::Result<const Network*> network = Network::start(patience.clock, patience.keyboard);
  if (!network) return rt::fail(network.error().code, network.error().detail, "%pT: %s", &name, network.error().text);
  rt::Result<HttpFile*> file = HttpFile::make(name, **network);
  if (!file) return file.error();
  rt::Result<void> done = (*file)->open();
  if (done) return Input(*file);
  (*file)->close();
  return done.error();
}

}  // namespace

constinit const Medium kHttp = {is_on_http, open_by_http, http_home, false, Network::stop};

rt::Text http_home(rt::Span<char>) { return url_folder(program_path().uri); }

bool came_by_pxe() {
  const BootPath path = program_path();
  return path.network && path.uri.empty();
}

}  // namespace platform
