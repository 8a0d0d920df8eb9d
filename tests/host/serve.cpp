// serve: the server of llama.efi as a program for this machine, over the system's sockets. For tests: real clients can
// be tried within seconds.
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "boot/server/model_answerer.hpp"
#include "boot/server/server.hpp"
#include "model/kernels/select.hpp"
#include "tests/host/cpu.hpp"
#include "tests/host/engine.hpp"
#include "tests/host/file_source.hpp"
#include "tests/host/threads.hpp"

namespace {

class Socket final : public server::Wire {
 public:
  bool free() const { return file_ < 0; }
  int file() const { return file_; }
  void open(int file) {
    file_ = file;
    ended_ = failed_ = false;
    fcntl(file, F_SETFL, O_NONBLOCK);
    const int one = 1;
    setsockopt(file, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  }

  uint64_t read(rt::Span<uint8_t> into) override {
    const ssize_t n = ::recv(file_, into.data, into.count, 0);
    if (n == 0) ended_ = true;
    if (n < 0) failed_ = failed_ || errno != EAGAIN;
    return n > 0 ? uint64_t(n) : 0;
  }
  uint64_t write(rt::Span<const uint8_t> bytes) override {
    const ssize_t n = ::send(file_, bytes.data, bytes.count, MSG_NOSIGNAL);
    if (n < 0) failed_ = failed_ || errno != EAGAIN;
    return n > 0 ? uint64_t(n) : 0;
  }
  bool ended() override {
    char byte;
    if (!ended_ && ::recv(file_, &byte, 1, MSG_PEEK) == 0) ended_ = true;
    return ended_;
  }
  bool failed() override { return failed_; }
  rt::Text peer(rt::Span<char> buffer) override { return rt::print_to(buffer, "127.0.0.1"); }
  void close() override {
    ::close(file_);
    file_ = -1;
  }
  void reset() override {
    const linger now{1, 0};
    setsockopt(file_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close();
  }

 private:
  int file_ = -1;
  bool ended_ = false, failed_ = false;
};

struct Log final : rt::Sink {
  void write(rt::Text text) override {
    std::fwrite(text.data, 1, text.size, stdout);
    std::fflush(stdout);
  }
};

uint64_t milliseconds() {
  return uint64_t(std::chrono::duration_cast<std::chrono::milliseconds>(
                      std::chrono::steady_clock::now().time_since_epoch()).count());
}

uint64_t entropy() { return std::random_device{}(); }

int listen_on(uint16_t port) {
  const int file = ::socket(AF_INET, SOCK_STREAM, 0), one = 1;
  setsockopt(file, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_port = htons(port);
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof at;
  if (file < 0 || bind(file, reinterpret_cast<sockaddr*>(&at), size) || listen(file, 128) ||
      getsockname(file, reinterpret_cast<sockaddr*>(&at), &size))
    throw std::runtime_error("port " + std::to_string(port) + " cannot be listened on");
  fcntl(file, F_SETFL, O_NONBLOCK);
  std::printf("serving on http://127.0.0.1:%u\n", unsigned(ntohs(at.sin_port)));
  std::fflush(stdout);
  return file;
}

rt::Text text_of(const std::string& text) { return {text.data(), text.size()}; }

uint64_t peak_memory() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return uint64_t(usage.ru_maxrss) * 1024;
}

int run(int count, char** values) {
  std::string model, key, cors, chat_template;
  uint16_t port = 0;
  unsigned slow = 0;
  server::Settings settings;
  for (int i = 1; i < count; ++i) {
    const std::string option = values[i];
    const auto value = [&] { return i + 1 < count ? std::string(values[++i]) : std::string(); };
    if (option == "--port") port = uint16_t(std::stoul(value()));
    else if (option == "--api-key") key = value();
    else if (option == "--cors") cors = value();
    else if (option == "--queue") settings.queue = uint32_t(std::stoul(value()));
    else if (option == "--template") chat_template = value();
    else if (option == "--slow") slow = unsigned(std::stoul(value()));
    else if (option == "--hurry") settings.patience = {500, 2000, 1000, 2000, 200, 200};
    else model = option;
  }
  if (model.empty()) {
    std::printf("usage: serve MODEL [--port N] [--api-key KEY] [--cors ORIGIN] [--queue N] [--template NAME] "
                "[--slow MILLISECONDS] [--hurry]\n");
    return 2;
  }
  settings.api_key = text_of(key);
  settings.cors = text_of(cors);

  test::FileSource source(model);
  std::optional<test::FileSource> tokenizer;
  const std::filesystem::path path = model;
  if (path.extension() == ".bin") tokenizer.emplace((path.parent_path() / (path.stem().string() + "-tokenizer.bin")).string());
  const model::Kernels* kernels = nullptr;
  for (const model::Kernels* each : model::all_kernels())
    if (!kernels && model::usable(*each, test::cpu_features())) kernels = each;
  test::Threads threads(1);
  test::Engine engine(source, tokenizer ? &*tokenizer : nullptr, {}, *kernels, threads.crew);
  const model::ChatTemplate chat =
      test::need(model::choose_template(text_of(chat_template), engine.engine.info().chat_template));
  const model::Sampling usual;
  const std::string name = path.stem().string();
  server::ModelAnswerer answerer(engine.engine, chat, text_of(name), usual, entropy);

  Log log;
  std::vector<uint8_t> memory(server::Server::bytes_needed(settings));
  const auto server = std::make_unique<server::Server>(settings, answerer, log, rt::Span<uint8_t>{memory.data(), memory.size()});
  const int listener = listen_on(port);
  std::vector<Socket> sockets(settings.connections);
  for (;;) {
    std::vector<pollfd> files{{listener, POLLIN, 0}};
    for (Socket& socket : sockets) {
      if (!socket.free()) files.push_back({socket.file(), POLLIN, 0});
      while (socket.free()) {
        const int file = ::accept(listener, nullptr, nullptr);
        if (file < 0) break;
        socket.open(file);
        server->accept(socket, milliseconds());
      }
    }
    server->metrics.memory = peak_memory();
    server->poll(milliseconds());
    if (server->busy()) {
      server->step(milliseconds());
      if (slow) std::this_thread::sleep_for(std::chrono::milliseconds(slow));
    } else {
      ::poll(files.data(), files.size(), 5);
    }
  }
}

}  // namespace

int main(int count, char** values) {
  std::signal(SIGPIPE, SIG_IGN);
  try {
    return run(count, values);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "serve: %s\n", error.what());
    return 1;
  }
}
