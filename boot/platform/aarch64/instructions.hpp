#pragma once
#include <stddef.h>
#include <stdint.h>

namespace platform {

/// What the program needs of AArch64 that C++ has no words for, beside what processor.hpp asks of every architecture.
/// Arm Architecture Reference Manual (DDI 0487), D19.

uint64_t read_id_aa64isar0();
uint64_t read_midr();

/// Ticks of the virtual counter in a second, as firmware has told the processor.
uint64_t read_cntfrq();

/// This processor's number, as PSCI takes it: the affinity fields of MPIDR_EL1.
uint64_t own_id();

/// A call of PSCI, by SMC or by HVC. Below zero: an error.
int64_t psci_call(uint32_t function, uint64_t a, uint64_t b, uint64_t c, bool smc);

/// The address translation of a processor, and where its stack is. start.S knows the offsets.
struct Translation {
  uint64_t ttbr0, tcr, mair, sctlr, vbar;
  uint64_t hcr;    // of exception level 2
  uint64_t level;  // 1 or 2
  uint64_t stack;
};
static_assert(offsetof(Translation, hcr) == 40 && offsetof(Translation, stack) == 56);
inline constexpr uint64_t kSmcOffset = sizeof(Translation);

/// This processor's; no stack.
Translation own_translation();

/// Where a processor begins that PSCI starts; its argument is a Translation, then a word: is PSCI called by SMC? It
/// calls psci_body() with the same argument, then switches itself off.
uint64_t psci_entry();

/// Writes what caches hold of these bytes to memory, where a processor without caches sees it.
void clean_to_memory(const void* from, uint64_t bytes);
/// The same for the instructions at psci_entry().
void clean_entry();

}  // namespace platform

extern "C" void psci_body(void* argument);
