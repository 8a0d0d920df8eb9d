// The whole program, on the firmware of tests/firmware: a machine that lacks something, options, a
// llama.cfg, somebody at the keyboard, and one call of a firmware service that goes wrong.
//
// For all of these: it comes back, gives back what it took, and writes nothing to the console that
// would confuse a terminal.
#include "tests/firmware/scenarios.hpp"
#include "tests/fuzz/fuzz.hpp"
#include "tests/host/made_gguf.hpp"

namespace {

using fuzz::must;

/// A fault with which the program can come to an end.
std::optional<test::Fault> take_fault(fuzz::Input& input) {
  using Kind = test::Fault::Kind;
  const uint8_t service = input.byte(), call = input.byte(), kind = input.byte(), status = input.byte();
  test::Fault fault{.service = test::Service(service % test::kServices), .call = call, .for_good = (kind & 8) != 0,
                    .kind = Kind(kind % 5), .status = uefi::Status(uefi::kErrorBit | (status & 63))};
  if (!test::moves_bytes(fault.service) && fault.kind > Kind::lie) fault.kind = Kind::lie;
  if (status & 64) fault.status = uefi::Status(1 + (status & 63));  // a warning
  if (fault.service == test::Service::read_key) fault.for_good = false;  // a prompt waits for a key for ever
  return call ? std::optional(fault) : std::nullopt;
}

/// Is something left behind for want of this service? faults_test.cpp says when.
bool may_stay(const test::Fault& fault) {
  using test::Service;
  for (const Service service : {Service::set_mode, Service::set_attribute, Service::enable_cursor, Service::check_event,
                                Service::startup_all_aps, Service::stall})
    if (fault.service == service) return true;
  return false;
}

void take_away(test::FakeMachine& machine, uint32_t lacks) {
  bool* const parts[] = {&machine.screen, &machine.serial_line, &machine.extended_keyboard, &machine.keyboard,
                         &machine.console, &machine.rng, &machine.rng_ready, &machine.clock, &machine.from_disk,
                         &machine.vendor, &machine.mp_services};
  for (uint32_t i = 0; i < std::size(parts); ++i) *parts[i] = !(lacks >> i & 1);
  if (lacks & 1 << 12) machine.read_only = true;
  if (lacks & 1 << 13) machine.broken_volumes = 2;
  if (lacks & 1 << 14) machine.largest_read = 100;
  if (lacks & 1 << 15) machine.processors = 2;
}

/// A byte as a key: ASCII is itself, the rest are Latin-1 and keys without a character.
uefi::InputKey to_key(uint8_t byte) {
  if (byte >= 0xe0) return {uefi::ScanCode(byte & 0x1f), 0};
  return {uefi::ScanCode::none, byte};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fuzz::Input input(data, size);
  static const test::Bytes kGguf = test::made_gguf()[0];
  test::FakeMachine machine = test::conversation();
  machine.files["\\models\\small.gguf"] = kGguf;
  const auto fault = take_fault(input);
  take_away(machine, input.number<uint16_t>());
  machine.hurry = input.byte();
  const std::string options = input.text_until('\0'), config = input.text_until('\0');
  if (!options.empty()) machine.options = options;
  if (!config.empty()) machine.files["\\EFI\\BOOT\\llama.cfg"] = test::to_bytes(config);
  machine.typed.clear();
  for (const uint8_t byte : input.rest()) machine.keys.push_back(to_key(byte));

  const test::Outcome run = test::start(machine, fault);
  if (!run.complaints.empty() && !(fault && may_stay(*fault))) {
    std::fprintf(stderr, "%s%s\n%s\n", run.complaints.c_str(), fault ? fault->text().c_str() : "", run.screen.c_str());
    must(false, "everything is given back");
  }
  return 0;
}
