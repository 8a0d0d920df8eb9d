#include "boot/platform/network/tcp.hpp"

#include "boot/platform/firmware.hpp"
#include "rt/memory.hpp"

namespace platform {

using uefi::Status;

namespace {

// Seconds that the other side may take, once we say no more.
constexpr double kLastBytes = 30;  // to take what it has not got yet: a busy machine, a bad wireless link
constexpr double kGoodbye = 3;     // to say goodbye, too
constexpr uint32_t kMostPolls = 32;  // packets at a time, so that a flood does not keep us

/// What firmware is to keep ready. EDK II takes its own choice for what it finds too small or too large, so most of
/// these are its bounds. Its largest back log is 10, and a connection counts from its first packet until its client has
/// answered ours: where more than 10 first packets come together, the others are dropped before we could accept
/// anything, however many accepts wait and however often we poll, and a second listener on the same port is refused.
/// Their senders try again after a second. (QEMU's user network is worse: it lets one connection wait, and in a burst
/// of eight some are reset and never reach us.)
constexpr uefi::Tcp4Option options(uint32_t window) {
  uefi::Tcp4Option option{};
  option.receive_buffer = window;
  option.send_buffer = 128 << 10;
  option.max_syn_back_log = 10;
  option.connection_timeout = 60;
  option.data_retries = 6;
  option.fin_timeout = 2;
  option.time_wait_timeout = 0;  // a port of ours is never used for the same again: nothing can be mixed up
  option.keep_alive_probes = 6;
  option.keep_alive_time = 7200;
  option.keep_alive_interval = 30;
  option.window_scaling = uefi::Boolean::yes;
  return option;
}

Status configure(const Network& network, uefi::Tcp4* tcp, uint16_t own_port, const uefi::Ip4Address* server,
                 uint16_t server_port) {
  uefi::Tcp4Option option = options(server ? 1 << 20 : 64 << 10);
  uefi::Tcp4ConfigData config{};
  config.time_to_live = 64;
  config.option = &option;
  network.set_station(config.access_point, own_port);
  if (server) {
    config.access_point.remote = *server;
    config.access_point.remote_port = server_port;
    config.access_point.active = uefi::Boolean::yes;
  }
  const Status status = tcp->configure(tcp, &config);
  if (status == Status::success) network.set_route(tcp);
  return status;
}

}  // namespace

rt::Result<void> Signal::create() {
  const Status status = g_services->create_event(0, uefi::Tpl::application, nullptr, nullptr, &event_);
  if (status != Status::success || !event_) {
    event_ = nullptr;
    return firmware_error(status == Status::success ? Status::out_of_resources : status, "no event for the network");
  }
  return {};
}

void Signal::close() {
  if (event_) (void)g_services->close_event(event_);
  event_ = nullptr;
}

bool Signal::seen() const { return event_ && g_services->check_event(event_) == Status::success; }

rt::Result<void> Connection::prepare(const Network& network, const Clock& clock) {
  network_ = &network;
  clock_ = &clock;
  child_ = nullptr;
  tcp_ = nullptr;
  receiving_ = sending_ = ended_ = failed_ = false;
  why_ = Status::success;
  at_ = end_ = 0;
  if (rt::Result<void> done = in_signal_.create(); !done) return done;
  return out_signal_.create();
}

rt::Result<void> Connection::connect(const Network& network, uefi::Ip4Address server, uint16_t port,
                                     const Clock& clock) {
  rt::Result<void> done = prepare(network, clock);
  state_ = State::connecting;
  if (done) {
    rt::Result<uefi::Tcp4*> tcp = network.make_tcp(child_);
    if (tcp) tcp_ = *tcp;
    else done = tcp.error();
  }
  if (done) {
    Status status = configure(network, tcp_, 0, &server, port);
    connect_token_ = {out_signal_.event(), Status::not_ready};
    if (status == Status::success) status = tcp_->connect(tcp_, &connect_token_);
    if (status != Status::success) done = firmware_error(status, "a connection cannot be made");
  }
  if (!done) reset();
  return done;
}

uefi::Ip4Address Connection::peer() const {
  uefi::Tcp4ConfigData config{};
  if (!tcp_ || tcp_->get_mode_data(tcp_, nullptr, &config, nullptr, nullptr, nullptr) != Status::success) return {};
  return config.access_point.remote;
}

bool Connection::failed_by_peer() const {
  return why_ == Status::timeout || why_ == Status::aborted ||
         uint64_t(why_) >= uint64_t(uefi::kNetworkUnreachable);
}

void Connection::fail(Status why) {
  failed_ = true;
  why_ = why;
}

/// Offers all of in_ to firmware, for the next bytes that come.
void Connection::start_receiving() {
  if (receiving_ || ended_ || failed_ || state_ != State::open) return;
  at_ = end_ = 0;
  received_ = {uefi::Boolean::no, kInBytes, 1, {kInBytes, in_}};
  in_token_ = {{in_signal_.event(), Status::not_ready}, {&received_}};
  const Status status = tcp_->receive(tcp_, &in_token_);
  receiving_ = status == Status::success;
  if (status == uefi::kConnectionFin) ended_ = true;
  else if (!receiving_) fail(status);
}

void Connection::poll() {
  if (state_ == State::connecting && out_signal_.ended(connect_token_)) {
    if (connect_token_.status == Status::success) state_ = State::open;
    else fail(connect_token_.status);
  }
  if (receiving_ && in_signal_.ended(in_token_.completion)) {
    receiving_ = false;
    if (in_token_.completion.status == uefi::kConnectionFin || state_ >= State::closing) ended_ = true;
    else if (in_token_.completion.status != Status::success) fail(in_token_.completion.status);
    else if (received_.length > kInBytes) fail(Status::bad_buffer_size);
    else end_ = received_.length;
  }
  if (sending_ && out_signal_.ended(out_token_.completion)) {
    sending_ = false;
    if (state_ == State::saying_goodbye) return reset();
    if (out_token_.completion.status != Status::success) fail(out_token_.completion.status);
  }
  if (state_ == State::closing && !sending_ && !failed_) {
    state_ = State::saying_goodbye;
    closed_at_ = Clock::ticks();
    // What the other side still says is no longer waited for.
    if (receiving_) (void)tcp_->cancel(tcp_, &in_token_.completion);
    close_token_ = {{out_signal_.event(), Status::not_ready}, uefi::Boolean::no};
    sending_ = tcp_->close(tcp_, &close_token_) == Status::success;
    if (!sending_) return reset();
  }
  if (state_ < State::closing) {
    if (at_ == end_) start_receiving();
  } else if (failed_ || clock_->seconds_since(closed_at_) > (state_ == State::closing ? kLastBytes : kGoodbye)) {
    reset();
  }
}

void Connection::pump() {
  for (uint32_t i = 0; i < kMostPolls && tcp_ && tcp_->poll(tcp_) == Status::success; ++i) {}
  poll();
}

uint64_t Connection::read(rt::Span<uint8_t> into) {
  if (at_ == end_) poll();
  const uint64_t n = rt::min<uint64_t>(into.count, end_ - at_);
  rt::copy_bytes(into.data, in_ + at_, n);
  at_ += uint32_t(n);
  if (at_ == end_) start_receiving();
  return n;
}

uint64_t Connection::write(rt::Span<const uint8_t> bytes) {
  if (sending_) poll();
  if (sending_ || failed_ || state_ != State::open || bytes.empty()) return 0;
  const auto n = uint32_t(rt::min<uint64_t>(bytes.count, kOutBytes));
  rt::copy_bytes(out_, bytes.data, n);
  transmitted_ = {uefi::Boolean::yes, uefi::Boolean::no, n, 1, {n, out_}};
  out_token_ = {{out_signal_.event(), Status::not_ready}, {}};
  out_token_.transmit = &transmitted_;
  const Status status = tcp_->transmit(tcp_, &out_token_);
  sending_ = status == Status::success;
  if (!sending_) fail(status);
  return sending_ ? n : 0;
}

void Connection::close() {
  if (state_ != State::open) return reset();
  state_ = State::closing;
  closed_at_ = Clock::ticks();
  poll();
}

void Connection::reset() {
  // EDK II drops what is configured anew without a word: the other side would wait until it gives up.
  reset_token_ = {{in_signal_.event(), Status::not_ready}, uefi::Boolean::yes};
  if (tcp_ && in_signal_.event()) (void)tcp_->close(tcp_, &reset_token_);
  // First the end of all that goes on, then what firmware would have signalled it with.
  if (state_ != State::free) network_->drop_tcp(child_, tcp_);
  child_ = nullptr;
  tcp_ = nullptr;
  in_signal_.close();
  out_signal_.close();
  receiving_ = sending_ = false;
  state_ = State::free;
}

/// Waits for the next connection that comes to `listener`.
Status Connection::listen(uefi::Tcp4* listener) {
  listen_token_ = {{in_signal_.event(), Status::not_ready}, nullptr};
  state_ = State::listening;
  const Status status = listener->accept(listener, &listen_token_);
  if (status != Status::success) reset();
  return status;
}

/// A connection has come: it is ours from here on.
void Connection::take_child() {
  child_ = listen_token_.new_child;
  tcp_ = handle_protocol<uefi::Tcp4>(child_);
  state_ = State::arrived;
  if (listen_token_.completion.status != Status::success || !tcp_) reset();
}

rt::Result<Listener*> Listener::open(const Network& network, uint16_t port, uint32_t connections,
                                     const Clock& clock) {
  const uint64_t bytes = rt::round_up(sizeof(Listener), 64) + connections * sizeof(Connection);
  Pages pages;
  if (rt::Result<void> done = pages.allocate(bytes, MemoryUse::buffer, "the server"); !done) return done.error();
  rt::fill_bytes(pages.memory().data, 0, pages.memory().count);
  auto* const self = new (rt::Placement{pages.memory().data}) Listener;
  auto* const first = reinterpret_cast<Connection*>(pages.memory().data + rt::round_up(sizeof(Listener), 64));
  self->connections_ = {first, connections};
  self->memory_ = static_cast<Pages&&>(pages);
  self->network_ = &network;
  self->port_ = port;
  for (Connection& connection : self->connections_) {
    connection.network_ = &network;
    connection.clock_ = &clock;
  }
  rt::Result<uefi::Tcp4*> tcp = network.make_tcp(self->child_);
  if (!tcp) {
    self->close();
    return tcp.error();
  }
  self->tcp_ = *tcp;
  Status status = configure(network, self->tcp_, port, nullptr, 0);
  if (status == Status::success) {
    self->poll();
    if (!self->failed()) return self;
    status = self->why_;
  }
  self->close();
  return firmware_error(status, "port %u cannot be listened on", port);
}

void Listener::poll() {
  for (uint32_t i = 0; i < kMostPolls && tcp_->poll(tcp_) == Status::success; ++i) {}
  for (Connection& connection : connections_) {
    using State = Connection::State;
    if (connection.state_ == State::listening) {
      if (connection.in_signal_.ended(connection.listen_token_.completion)) connection.take_child();
    } else if (connection.state_ != State::free) {
      connection.poll();
    }
    if (connection.state_ != State::free) continue;
    Status status = Status::out_of_resources;
    if (connection.prepare(*network_, *connection.clock_)) status = connection.listen(tcp_);
    else connection.reset();
    if (status != Status::success) why_ = status;
  }
}

bool Listener::failed() const {
  for (const Connection& connection : connections_)
    if (connection.state_ != Connection::State::free) return false;
  return true;
}

Connection* Listener::accepted() {
  for (Connection& connection : connections_) {
    if (connection.state_ != Connection::State::arrived) continue;
    connection.state_ = Connection::State::open;
    connection.start_receiving();
    return &connection;
  }
  return nullptr;
}

uint32_t Listener::in_use() const {
  uint32_t n = 0;
  for (const Connection& connection : connections_) n += connection.state_ > Connection::State::listening;
  return n;
}

void Listener::close() {
  network_->drop_tcp(child_, tcp_);  // no connection comes any more
  for (Connection& connection : connections_) {
    // One may have come in the last moment, or its event been lost.
    if (connection.state_ == Connection::State::listening && connection.listen_token_.new_child)
      connection.take_child();
    if (connection.state_ != Connection::State::free) connection.reset();
  }
  const Pages memory = static_cast<Pages&&>(memory_);  // gone with the object in it
}

}  // namespace platform
