#include "boot/platform/x86_64/instructions.hpp"

#include "boot/platform/processor.hpp"

namespace platform {

Cpuid cpuid(uint32_t leaf, uint32_t subleaf) {
  Cpuid r{leaf, 0, subleaf, 0};
  asm volatile("cpuid" : "+a"(r.eax), "=b"(r.ebx), "+c"(r.ecx), "=d"(r.edx));
  return r;
}

void spinning() { __builtin_ia32_pause(); }

uint64_t read_counter() { return __builtin_ia32_rdtsc(); }

uint64_t read_cr4() {
  uint64_t value;
  asm volatile("mov %%cr4, %0" : "=r"(value));
  return value;
}

void write_cr4(uint64_t value) { asm volatile("mov %0, %%cr4" : : "r"(value) : "memory"); }

uint64_t read_xcr0() {
  uint32_t low, high;
  asm volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return uint64_t{high} << 32 | low;
}

void write_xcr0(uint64_t value) {
  asm volatile("xsetbv" : : "c"(0), "a"(uint32_t(value)), "d"(uint32_t(value >> 32)) : "memory");
}

void clear_upper_halves() { asm volatile("vzeroupper"); }

uint32_t read_mxcsr() {
  uint32_t value;
  asm volatile("stmxcsr %0" : "=m"(value));
  return value;
}

void write_mxcsr(uint32_t value) { asm volatile("ldmxcsr %0" : : "m"(value)); }

uint64_t random_of_processor() {
  if (!(cpuid(1).ecx >> 30 & 1)) return 0;
  uint64_t value = 0;
  uint8_t ok = 0;
  asm volatile("rdrand %0; setc %1" : "=r"(value), "=qm"(ok) : : "cc");
  return ok ? value : 0;
}

}  // namespace platform
