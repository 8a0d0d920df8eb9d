#pragma once
#include <stdint.h>

// Loads that stay where they are written: TCG writes registers back to memory before each one, so they belong together,
// ahead of the arithmetic.

[[gnu::always_inline]] static inline uint64_t load_here(const uint64_t& word) {
  uint64_t value;
  asm volatile("movq %1, %0" : "=r"(value) : "m"(word));
  return value;
}
[[gnu::always_inline]] static inline int64_t load_here(const int8_t& byte) {
  int64_t value;
  asm volatile("movsbq %1, %0" : "=r"(value) : "m"(byte));
  return value;
}
[[gnu::always_inline]] static inline int64_t load_here(const int16_t& number) {
  int64_t value;
  asm volatile("movswq %1, %0" : "=r"(value) : "m"(number));
  return value;
}
