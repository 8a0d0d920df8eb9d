#include "tests/firmware/faults.hpp"

#include <cstdlib>
#include <numeric>

namespace test {

const char* name(Service service) {
  static constexpr const char* kNames[] = {
      "allocate_pages", "free_pages", "get_memory_map", "allocate_pool", "free_pool",
      "create_event", "close_event", "check_event", "wait_for_event",
      "handle_protocol", "locate_handle_buffer", "locate_protocol",
      "stall", "set_watchdog_timer", "get_time",
      "open_volume", "open", "close", "delete_file", "read", "write", "get_info", "set_info", "flush",
      "output_string", "serial_write", "test_string", "query_mode", "set_mode", "set_attribute", "clear_screen",
      "set_cursor_position", "enable_cursor", "read_key", "get_rng",
      "get_number_of_processors", "get_processor_info", "startup_all_aps", "who_am_i",
      "connect_controller", "locate_device_path", "set_timer", "get_status", "create_child", "destroy_child",
      "dhcp_get_mode_data", "dhcp_configure", "dhcp_start", "dhcp_stop",
      "tcp_get_mode_data", "tcp_configure", "tcp_routes", "tcp_connect", "tcp_accept", "tcp_transmit", "tcp_receive",
      "tcp_close", "tcp_cancel", "dns_configure", "dns_look_up", "dns_poll", "dns_cancel", "tcp_poll", "tcp_delivers",
  };
  static_assert(std::size(kNames) == kServices);
  return kNames[int(service)];
}

std::string Fault::text() const {
  std::string text = std::string(name(service)) + ", call " + std::to_string(call) +
                     (for_good ? " and all after it: " : ": ");
  switch (kind) {
    case Kind::refusal:
      if (const char* known = uefi::status_name(status)) return text + known;
      return text + "a status that the specification does not list";
    case Kind::lie: return text + "success, and nothing is done";
    case Kind::short_transfer: return text + "half of the bytes";
    case Kind::no_transfer: return text + "no bytes";
    case Kind::long_transfer: return text + "more bytes than were asked for";
  }
  return text;
}

const Fault* Ledger::call(Service service) {
  const uint64_t number = ++calls_[int(service)];
  if (!fault_ || fault_->service != service) return nullptr;
  return number == fault_->call || (fault_->for_good && number > fault_->call) ? &*fault_ : nullptr;
}

std::optional<uefi::Status> Ledger::refusal(Service service) {
  const Fault* fault = call(service);
  if (!fault) return {};
  return fault->kind == Fault::Kind::lie ? uefi::Status::success : fault->status;
}

uint64_t Ledger::calls() const { return std::accumulate(std::begin(calls_), std::end(calls_), uint64_t{0}); }

std::string Complaints::text() const {
  std::string all;
  for (const std::string& text : texts_) all += text + "\n";
  return all;
}

}  // namespace test
