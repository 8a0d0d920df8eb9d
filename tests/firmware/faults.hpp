#pragma once
#include <atomic>
#include <cstdint>
#include <optional>
#include <set>
#include <string>

#include "uefi_headers/status.hpp"

namespace test {

/// Every function of firmware that the program calls.
enum class Service : uint8_t {
  allocate_pages, free_pages, get_memory_map, allocate_pool, free_pool,
  create_event, close_event, check_event, wait_for_event,
  handle_protocol, locate_handle_buffer, locate_protocol,
  stall, set_watchdog_timer, get_time,
  open_volume, open, close, delete_file, read, write, get_info, set_info, flush,
  output_string, serial_write, test_string, query_mode, set_mode, set_attribute, clear_screen,
  set_cursor_position, enable_cursor, read_key, get_rng,
  get_number_of_processors, get_processor_info, startup_all_aps, who_am_i,
  connect_controller, locate_device_path, set_timer, get_status, create_child, destroy_child,
  dhcp_get_mode_data, dhcp_configure, dhcp_start, dhcp_stop,
  tcp_get_mode_data, tcp_configure, tcp_routes, tcp_connect, tcp_accept, tcp_transmit, tcp_receive, tcp_close, tcp_cancel,
  dns_configure, dns_look_up, dns_poll, dns_cancel,
  tcp_poll, tcp_delivers,  // the last is no call: bytes that come
};
inline constexpr int kServices = int(Service::tcp_delivers) + 1;
const char* name(Service service);
/// Does only a network need it? Then network_test.cpp tries its faults.
inline bool is_of_network(Service service) { return service >= Service::connect_controller; }
/// Does it move the bytes of a file, of which there may be too few or too many?
inline bool moves_bytes(Service service) { return service == Service::read || service == Service::write; }

/// What goes wrong: a call of one service, counted from 1, and every later one if it is for good.
struct Fault {
  enum class Kind : uint8_t {
    refusal,         // answers `status` and does nothing
    lie,             // answers success and does nothing
    short_transfer,  // read, write: half of what was asked for
    no_transfer,     // read, write: success, and no byte
    long_transfer,   // read, write: claims more bytes than were asked for
  };

  Service service{};
  uint64_t call = 1;
  bool for_good = false;
  Kind kind = Kind::refusal;
  uefi::Status status = uefi::Status::device_error;

  std::string text() const;
};

/// Counts the calls of a run, and injects its fault.
class Ledger {
 public:
  explicit Ledger(std::optional<Fault> fault) : fault_(fault) {}

  /// Counts a call of `service`: the fault, if this one is to go wrong.
  const Fault* call(Service service);
  /// What to answer at once instead of doing anything.
  std::optional<uefi::Status> refusal(Service service);

  uint64_t calls(Service service) const { return calls_[int(service)]; }
  uint64_t calls() const;

 private:
  std::optional<Fault> fault_;
  std::atomic<uint64_t> calls_[kServices] = {};  // other processors call, too
};

/// What firmware has to say against the program: what it lent and did not get back, or got back twice,
/// and calls that no program should make.
class Complaints {
 public:
  void add(const std::string& what) { texts_.insert(what); }
  /// All of them, one a line: empty where the program behaved.
  std::string text() const;

 private:
  std::set<std::string> texts_;
};

}  // namespace test
