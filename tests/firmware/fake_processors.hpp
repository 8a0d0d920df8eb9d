#pragma once
#include <atomic>
#include <thread>
#include <vector>

#include "tests/firmware/faults.hpp"
#include "uefi_headers/mp_services.hpp"

namespace test {

/// Application processors: threads of the host, each with control registers of its own (see
/// instructions.cpp of each architecture).
class FakeProcessors : public uefi::MpServices {
 public:
  /// `count`: all processors, the boot processor included.
  FakeProcessors(Ledger& ledger, Complaints& complaints, uint32_t count);
  ~FakeProcessors() { end(); }

  uint64_t late = 0;          // nanoseconds of fake time before they begin
  uint64_t number_shift = 0;  // added to the numbers of all but the boot processor

  /// The program has ended: waits until all have come back, and complains of what they left behind.
  void end();
  /// Are some of them at work?
  bool running() const { return running_ != 0; }
  /// Signalled when the last one has come back and firmware has noticed that, some looks later: once, as events are.
  bool finished(uefi::Event event);
  /// Will it be signalled?
  bool awaits(uefi::Event event) const { return event && event == event_; }
  /// Nobody waits for the event any more.
  void forget(uefi::Event event) {
    if (event == event_) event_ = nullptr;
  }

 private:
  void join();
  void start(uefi::ApProcedure procedure, void* argument);

  Ledger& ledger_;
  Complaints& complaints_;
  uint32_t count_;
  std::atomic<bool> ended_ = false;  // nobody moves the time any more
  uefi::Event event_ = nullptr;
  uint32_t looks_ = 0;  // at the event since all have come back
  std::atomic<uint32_t> running_ = 0, working_ = 0, changed_ = 0;
  std::vector<std::thread> threads_;
};

/// The machine's time: a counter of nanoseconds that the program's own looks at it move on, and
/// Stall(). So every run takes the same time.
namespace fake_time {
void reset();
uint64_t now();
void pass(uint64_t nanoseconds);
}  // namespace fake_time

/// Control registers of the processor that this runs on: as after power-on, and whether they are so. Each architecture
/// has its own.
namespace fake_registers {
void reset();
/// What is wrong with them, or nothing.
std::string complaint();

/// Float arithmetic works as nobody wants it. Returns how it worked.
uint64_t set_wild_floats();
bool floats_are_wild();
void set_floats(uint64_t control);
}  // namespace fake_registers

}  // namespace test
