#include "boot/platform/network/network.hpp"

#include "boot/platform/firmware.hpp"
#include "boot/platform/network/boot_path.hpp"
#include "boot/platform/network/tcp.hpp"
#include "boot/platform/volumes.hpp"
#include "rt/format.hpp"
#include "rt/memory.hpp"
#include "rt/utf.hpp"
#include "uefi_headers/dns4.hpp"
#include "uefi_headers/simple_network.hpp"

namespace platform {

using uefi::Status;

namespace {

constinit Network g_network;

/// Handles that firmware listed, in its memory.
class Handles {
 public:
  Handles(uefi::SearchType type, const uefi::Guid* guid) {
    if (g_services->locate_handle_buffer(type, guid, nullptr, &count_, &all_) != Status::success) all_ = nullptr;
    if (!all_) count_ = 0;
    count_memory(MemoryUse::pool, int64_t(count_ * sizeof(uefi::Handle)));
  }
  Handles(const Handles&) = delete;
  ~Handles() {
    if (all_) (void)g_services->free_pool(all_);
    count_memory(MemoryUse::pool, -int64_t(count_ * sizeof(uefi::Handle)));
  }
  uefi::Handle* begin() const { return all_; }
  uefi::Handle* end() const { return all_ + count_; }
  bool empty() const { return count_ == 0; }

 private:
  uefi::Uintn count_ = 0;
  uefi::Handle* all_ = nullptr;
};

template <class P>
uefi::ServiceBinding* binding(uefi::Handle card) {
  void* found = nullptr;
  const Status status = g_services->handle_protocol(card, &P::kBindingGuid, &found);
  return status == Status::success ? static_cast<uefi::ServiceBinding*>(found) : nullptr;
}

/// A new instance of P, and its handle; null where firmware gives none.
template <class P>
P* make_child(uefi::ServiceBinding* binding, uefi::Handle& child) {
  child = nullptr;
  if (!binding || uefi::is_error(binding->create_child(binding, &child)) || !child) return nullptr;
  if (auto* const made = handle_protocol<P>(child)) return made;
  (void)binding->destroy_child(binding, child);
  child = nullptr;
  return nullptr;
}

/// Is a cable in it, as far as firmware knows?
bool has_carrier(uefi::Handle card) {
  auto* const snp = handle_protocol<uefi::SimpleNetwork>(card);
  if (!snp || !snp->mode) return true;
  uint32_t interrupts = 0;
  (void)snp->get_status(snp, &interrupts, nullptr);
  return !uefi::is_true(snp->mode->media_present_supported) || uefi::is_true(snp->mode->media_present);
}

/// A quick boot leaves the drivers of the network alone until somebody asks for them.
void connect_drivers() {
  for (const uefi::Handle handle : Handles(uefi::SearchType::all_handles, nullptr))
    (void)g_services->connect_controller(handle, nullptr, nullptr, uefi::Boolean::yes);
}

BootPath boot_path() { return read_boot_path(path_bytes(handle_protocol<uefi::DevicePathProtocol>(boot_device()))); }

/// The card that the program came over, or null.
uefi::Handle boot_card() {
  auto* path = handle_protocol<uefi::DevicePathProtocol>(boot_device());
  uefi::Handle card = nullptr;
  if (!path || g_services->locate_device_path(&uefi::Tcp4::kBindingGuid, &path, &card) != Status::success)
    return nullptr;
  return card;
}

}  // namespace

rt::Text ip4_text(uefi::Ip4Address address, rt::Span<char> buffer) {
  const uint8_t* const b = address.bytes;
  return rt::print_to(buffer, "%u.%u.%u.%u", b[0], b[1], b[2], b[3]);
}

rt::Result<const Network*> Network::start(const Clock& clock, Keyboard& keyboard) {
  if (g_network.tcp_) return &g_network;
  g_network.clock_ = &clock;
  g_network.keyboard_ = &keyboard;
  if (Handles(uefi::SearchType::by_protocol, &uefi::Tcp4::kBindingGuid).empty()) connect_drivers();
  const Handles cards(uefi::SearchType::by_protocol, &uefi::Tcp4::kBindingGuid);
  if (cards.empty())
    return rt::fail(rt::Errc::unsupported, 0,
                    "no network: firmware has no TCP for any card; look for \"network stack\" in its setup");
  rt::KeptError why(rt::fail(rt::Errc::firmware, 0, "no network: there is no cable in any card, or no link"));
  if (const uefi::Handle own = boot_card())
    if (g_network.use(own)) return &g_network;
  for (const uefi::Handle card : cards) {
    if (!has_carrier(card)) continue;
    rt::Result<void> done = g_network.use(card);
    if (done) return &g_network;
    why.keep(done.error());
    if (why.code() == rt::Errc::stopped) break;
  }
  return why.error();
}

rt::Result<void> Network::use(uefi::Handle card) {
  card_ = card;
  tcp_ = binding<uefi::Tcp4>(card);
  dhcp_ = binding<uefi::Dhcp4>(card);
  const BootPath path = boot_path();
  rt::Result<void> done{};
  if (!tcp_) {
    done = rt::fail(rt::Errc::unsupported, 0, "no network: firmware has no TCP for this card");
  } else if (path.has_address) {
    address_ = path.address, mask_ = path.mask, gateway_ = path.gateway, name_server_ = path.name_server;
  } else {
    done = ask_for_address();
  }
  if (!done) leave();
  else (void)ip4_text(address_, {text_, sizeof text_});
  return done;
}

rt::Result<void> Network::ask_for_address() {
  auto* const dhcp = make_child<uefi::Dhcp4>(dhcp_, dhcp_child_);
  if (!dhcp) return rt::fail(rt::Errc::unsupported, 0, "no network: firmware has no DHCP for this card");
  static constexpr uint8_t kAsk[] = {55, 3, 1, 3, 6};  // option 55: mask, router and name servers are wanted
  const uint8_t* options[] = {kAsk};
  uint32_t patience[] = {2, 4, 8, 16};
  const uefi::Dhcp4ConfigData config{.discover_try_count = 4, .discover_timeout = patience, .request_try_count = 4,
                                     .request_timeout = patience, .client_address = {}, .callback = nullptr,
                                     .callback_context = nullptr, .option_count = 1, .option_list = options};
  uefi::Dhcp4ModeData mode{};
  const auto bound = [&] {
    return dhcp->get_mode_data(dhcp, &mode) == Status::success &&
           (mode.state == uefi::Dhcp4State::bound || mode.state == uefi::Dhcp4State::renewing) &&
           !(mode.client_address == uefi::Ip4Address{});
  };
  if (!bound()) {
    Status status = dhcp->configure(dhcp, &config);
    if (status != Status::success) return firmware_error(status, "no network: DHCP cannot be started");
    Signal signal;
    if (rt::Result<void> made = signal.create(); !made) return made;
    status = dhcp->start(dhcp, signal.event());
    const uint64_t began = Clock::ticks();
    bool stopped = false;
    while (status == Status::success && !signal.seen()) {
      stopped = keyboard_->stop_pressed();
      if (stopped || clock_->seconds_since(began) > 40) status = Status::timeout;
      (void)g_services->stall(2000);
    }
    if (status != Status::success) (void)dhcp->stop(dhcp);  // nobody signals from here on
    signal.close();
    if (stopped) return rt::fail(rt::Errc::stopped, 0, "stopped while waiting for an address");
    if (status != Status::success && status != Status::timeout)
      return firmware_error(status, "no network: DHCP cannot be started");
    if (!bound())
      return rt::fail(rt::Errc::firmware, uint64_t(Status::no_response),
                      "no network: no DHCP server answered; is there one on this network?");
  }
  address_ = mode.client_address, mask_ = mode.subnet_mask, gateway_ = mode.router_address;
  constexpr uint8_t kNameServers = 6;
  constexpr uint64_t kUncounted = offsetof(uefi::Dhcp4Packet, header);  // by length, but not by size
  constexpr uint64_t kHead = sizeof(uefi::Dhcp4Packet) - kUncounted;
  const uefi::Dhcp4Packet* const reply = mode.reply_packet;
  name_server_ = {};
  if (reply && reply->length > kHead && reply->length + kUncounted <= reply->size)
    name_server_ = dhcp_address({reinterpret_cast<const uint8_t*>(reply + 1), reply->length - kHead}, kNameServers);
  return {};
}

rt::Result<uefi::Ip4Address> Network::look_up(rt::Text name) const {
  const uefi::Ip4Address none{};
  uefi::Handle child = nullptr;
  uefi::ServiceBinding* const names = binding<uefi::Dns4>(card_);
  if (name_server_ == none)
    return rt::fail(rt::Errc::not_found, 0, "this network has no name server; write an address instead");
  auto* const dns = make_child<uefi::Dns4>(names, child);
  if (!dns) return rt::fail(rt::Errc::unsupported, 0, "firmware looks up no names; write an address instead");
  uefi::Char16 units[256];
  rt::utf8_to_utf16(name, {units, 256});
  const uefi::Dns4ConfigData config{
      .server_count = 1, .servers = &name_server_, .use_default_setting = uefi::Boolean::no,
      .enable_cache = uefi::Boolean::yes, .protocol = 17, .station = address_, .subnet_mask = mask_, .local_port = 0,
      .retry_count = 3, .retry_interval = 2};
  Signal signal;
  uefi::Dns4Token token{};
  Status status = Status::out_of_resources;
  bool stopped = false;
  if (signal.create()) {
    token.completion = {signal.event(), Status::not_ready};
    status = dns->configure(dns, &config);
    if (status == Status::success) status = dns->host_name_to_ip(dns, units, &token);
    const uint64_t began = Clock::ticks();
    bool seen = false;
    while (status == Status::success && !seen) {
      (void)dns->poll(dns);
      seen = signal.seen();
      stopped = keyboard_->stop_pressed();
      if (stopped || clock_->seconds_since(began) > 10) status = Status::timeout;
      (void)g_services->stall(1000);
    }
    if (seen) status = token.completion.status;
    if (!seen) (void)dns->cancel(dns, &token);
  }
  (void)dns->configure(dns, nullptr);
  (void)names->destroy_child(names, child);
  signal.close();
  uefi::Ip4Address found{};
  if (status == Status::success && token.addresses && token.addresses->count && token.addresses->list)
    found = token.addresses->list[0];
  if (token.addresses) {
    if (token.addresses->list) (void)g_services->free_pool(token.addresses->list);
    (void)g_services->free_pool(token.addresses);
  }
  if (stopped) return rt::fail(rt::Errc::stopped, 0, "stopped while looking up a name");
  if (found == none)
    return firmware_error(status == Status::success ? Status::not_found : status, "the name '%.*s' is not known here",
                          int(name.size), name.data);
  return found;
}

void Network::leave() {
  if (dhcp_child_) {
    if (auto* const dhcp = handle_protocol<uefi::Dhcp4>(dhcp_child_)) {
      (void)dhcp->stop(dhcp);
      (void)dhcp->configure(dhcp, nullptr);
    }
    (void)dhcp_->destroy_child(dhcp_, dhcp_child_);
  }
  dhcp_child_ = nullptr;
  tcp_ = dhcp_ = nullptr;
}

void Network::stop() {
  if (g_network.tcp_) g_network.leave();
}

rt::Result<uefi::Tcp4*> Network::make_tcp(uefi::Handle& child) const {
  uefi::Tcp4* const tcp = make_child<uefi::Tcp4>(tcp_, child);
  if (!tcp) return rt::fail(rt::Errc::firmware, 0, "firmware gives no more connections");
  return tcp;
}

void Network::drop_tcp(uefi::Handle child, uefi::Tcp4* tcp) const {
  if (tcp) (void)tcp->configure(tcp, nullptr);  // ends what goes on
  if (child) (void)tcp_->destroy_child(tcp_, child);
}

void Network::set_station(uefi::Tcp4AccessPoint& point, uint16_t port) const {
  point.use_default_address = uefi::Boolean::no;
  point.station = address_;
  point.subnet_mask = mask_;
  point.station_port = port;
}

void Network::set_route(uefi::Tcp4* tcp) const {
  const uefi::Ip4Address any{};
  if (!(gateway_ == any)) (void)tcp->routes(tcp, uefi::Boolean::no, &any, &any, &gateway_);
}

}  // namespace platform
