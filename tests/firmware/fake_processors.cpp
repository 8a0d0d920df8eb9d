#include "tests/firmware/fake_processors.hpp"

#include <chrono>

#include "boot/platform/processor.hpp"

namespace test {

using uefi::Status;
using uefi::Uintn;

namespace {

thread_local uint32_t g_processor = 0;

std::atomic<uint64_t> g_nanoseconds;

FakeProcessors& of(uefi::MpServices* self) { return *static_cast<FakeProcessors*>(self); }

}  // namespace

FakeProcessors::FakeProcessors(Ledger& ledger, Complaints& complaints, uint32_t count)
    : uefi::MpServices{}, ledger_(ledger), complaints_(complaints), count_(count) {
  get_number_of_processors = [](uefi::MpServices* self, Uintn* processors, Uintn* enabled) {
    if (auto answer = of(self).ledger_.refusal(Service::get_number_of_processors)) return *answer;
    *processors = *enabled = of(self).count_;
    return Status::success;
  };
  get_processor_info = [](uefi::MpServices* self, Uintn number, uefi::ProcessorInformation* info) {
    if (auto answer = of(self).ledger_.refusal(Service::get_processor_info)) return *answer;
    if (number >= of(self).count_) return Status::not_found;
    *info = {.processor_id = number,
             .status_flag = uefi::kProcessorEnabled | uefi::kProcessorHealthy |
                            (number == 0 ? uefi::kProcessorIsBsp : 0),
             .location = {.package = 0, .core = uint32_t(number), .thread = 0},
             .extended = {}};
    return Status::success;
  };
  startup_all_aps = [](uefi::MpServices* self, uefi::ApProcedure procedure, uefi::Boolean, uefi::Event event, Uintn,
                       void* argument, Uintn**) {
    FakeProcessors& processors = of(self);
    if (auto answer = processors.ledger_.refusal(Service::startup_all_aps)) return *answer;
    if (processors.count_ == 1) return Status::not_started;
    if (processors.running()) return Status::not_ready;
    // Without an event the call would come back when the procedures have, and they wait for us.
    if (!event) {
      processors.complaints_.add("StartupAllAPs without an event never returns");
      return Status::invalid_parameter;
    }
    processors.event_ = event;
    processors.looks_ = 0;
    processors.start(procedure, argument);
    return Status::success;
  };
  who_am_i = [](uefi::MpServices* self, Uintn* number) {
    if (auto answer = of(self).ledger_.refusal(Service::who_am_i)) return *answer;
    *number = g_processor + (g_processor ? of(self).number_shift : 0);
    return Status::success;
  };
}

void FakeProcessors::join() {
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
  if (changed_) complaints_.add("control registers of another processor were not put back");
}

void FakeProcessors::end() {
  ended_ = true;
  for (int i = 0; i < 1000 && working_; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  if (working_) {  // and for ever, in memory that is somebody else's now
    complaints_.add("another processor still works for a program that has ended");
    for (std::thread& thread : threads_) thread.detach();
    threads_.clear();
  }
  join();
}

void FakeProcessors::start(uefi::ApProcedure procedure, void* argument) {
  join();
  running_ = count_ - 1;
  const uint64_t begin = fake_time::now() + late;
  for (uint32_t number = 1; number < count_; ++number)
    threads_.emplace_back([this, number, procedure, argument, begin] {
      g_processor = number;
      while (fake_time::now() < begin && !ended_) std::this_thread::yield();
      fake_registers::reset();
      if (!ended_) {
        ++working_;
        const uint64_t before = fake_registers::set_wild_floats();
        procedure(argument);
        if (!fake_registers::floats_are_wild()) ++changed_;
        fake_registers::set_floats(before);
        --working_;
      }
      if (!fake_registers::complaint().empty()) ++changed_;
      --running_;
    });
}

bool FakeProcessors::finished(uefi::Event event) {
  constexpr uint32_t kLooks = 3;
  if (event != event_ || !event_ || running() || ++looks_ < kLooks) return false;
  event_ = nullptr;
  return true;
}

namespace fake_time {
void reset() { g_nanoseconds = 1; }
uint64_t now() { return g_nanoseconds; }
void pass(uint64_t nanoseconds) { g_nanoseconds += nanoseconds; }
}  // namespace fake_time

}  // namespace test

namespace platform {

uint64_t read_counter() {
  test::fake_time::pass(20'000);
  return test::fake_time::now();
}

void spinning() {}

uint64_t random_of_processor() { return 4; }

}  // namespace platform
