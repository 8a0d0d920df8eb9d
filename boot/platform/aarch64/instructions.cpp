#include "boot/platform/aarch64/instructions.hpp"

#include "boot/platform/processor.hpp"

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

}  // namespace platform
