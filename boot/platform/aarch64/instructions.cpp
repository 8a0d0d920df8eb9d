#include "boot/platform/aarch64/instructions.hpp"

#include "boot/platform/processor.hpp"

extern "C" const uint8_t psci_start[], psci_start_end[];

namespace platform {

uint64_t read_id_aa64isar0() {
  uint64_t value;
  asm volatile("mrs %0, id_aa64isar0_el1" : "=r"(value));
  return value;
}

uint64_t read_midr() {
  uint64_t value;
  asm volatile("mrs %0, midr_el1" : "=r"(value));
  return value;
}

uint64_t read_cntfrq() {
  uint64_t value;
  asm volatile("mrs %0, cntfrq_el0" : "=r"(value));
  return value;
}

uint64_t read_counter() {
  uint64_t value;
  // Without the barrier it may be read before what comes ahead of it has ended.
  asm volatile("isb\n\tmrs %0, cntvct_el0" : "=r"(value) : : "memory");
  return value;
}

void spinning() { asm volatile("yield"); }

uint64_t random_of_processor() {
  if (!(read_id_aa64isar0() >> 60)) return 0;
  uint64_t value = 0, ok = 0;
  asm volatile("mrs %0, s3_3_c2_c4_0\n\tcset %1, ne" : "=r"(value), "=r"(ok) : : "cc");  // RNDR
  return ok ? value : 0;
}

uint64_t own_id() {
  uint64_t value;
  asm volatile("mrs %0, mpidr_el1" : "=r"(value));
  return value & 0xff00ffffff;
}

int64_t psci_call(uint32_t function, uint64_t a, uint64_t b, uint64_t c, bool smc) {
  register uint64_t x0 asm("x0") = function;
  register uint64_t x1 asm("x1") = a;
  register uint64_t x2 asm("x2") = b;
  register uint64_t x3 asm("x3") = c;
  // SMC Calling Convention 1.0: what lies in x4 to x17 may be lost.
  if (smc)
    asm volatile("smc #0" : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3) : : "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11",
                 "x12", "x13", "x14", "x15", "x16", "x17", "memory");
  else
    asm volatile("hvc #0" : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3) : : "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11",
                 "x12", "x13", "x14", "x15", "x16", "x17", "memory");
  // A call of 32 bits answers in the lower half; errors are small.
  return static_cast<int32_t>(x0);
}

Translation own_translation() {
  Translation t{};
  uint64_t level;
  asm volatile("mrs %0, CurrentEL" : "=r"(level));
  t.level = level >> 2 & 3;
  if (t.level == 2)
    asm volatile("mrs %0, ttbr0_el2\n\tmrs %1, tcr_el2\n\tmrs %2, mair_el2\n\tmrs %3, sctlr_el2\n\tmrs %4, vbar_el2\n\t"
                 "mrs %5, hcr_el2"
                 : "=r"(t.ttbr0), "=r"(t.tcr), "=r"(t.mair), "=r"(t.sctlr), "=r"(t.vbar), "=r"(t.hcr));
  else
    asm volatile("mrs %0, ttbr0_el1\n\tmrs %1, tcr_el1\n\tmrs %2, mair_el1\n\tmrs %3, sctlr_el1\n\tmrs %4, vbar_el1"
                 : "=r"(t.ttbr0), "=r"(t.tcr), "=r"(t.mair), "=r"(t.sctlr), "=r"(t.vbar));
  return t;
}

uint64_t psci_entry() { return reinterpret_cast<uint64_t>(psci_start); }

void clean_to_memory(const void* from, uint64_t bytes) {
  uint64_t type;
  asm volatile("mrs %0, ctr_el0" : "=r"(type));
  const uint64_t line = uint64_t{4} << (type >> 16 & 0xf), start = reinterpret_cast<uint64_t>(from);
  for (uint64_t at = start & ~(line - 1); at < start + bytes; at += line)
    asm volatile("dc cvac, %0" : : "r"(at) : "memory");
  asm volatile("dsb sy" : : : "memory");
}

void clean_entry() { clean_to_memory(psci_start, static_cast<uint64_t>(psci_start_end - psci_start)); }

}  // namespace platform
