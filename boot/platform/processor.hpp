#pragma once
#include <stdint.h>

/// What this folder needs of a processor and C++ has no words for: the folder of each architecture (x86_64/, aarch64/)
/// has all of it, beside VectorState and CpuName (cpu.hpp), make_starter() (starter.hpp) and the entry point.
namespace platform {

/// A counter that runs at one rate: x86-64's time stamp counter, AArch64's virtual counter. Never runs backwards on one
/// processor.
uint64_t read_counter();

/// What the processor or its hypervisor says of the counter's rate.
struct CounterRate {
  uint64_t hertz = 0;  // 0: nothing
  bool rough = false;  // within a few percent
};
CounterRate counter_rate();

/// This processor only waits in a loop.
void spinning();

/// The processor's random number; 0 where it makes none or has none ready.
uint64_t random_of_processor();

}  // namespace platform
