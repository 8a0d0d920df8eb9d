#pragma once
#include <stdint.h>

// Loads that stay where they are written: TCG writes registers back to memory before each one, so they belong together,
// ahead of the arithmetic.

template <class T>
[[gnu::always_inline]] static inline T load_here(const T& from) {
  return *const_cast<const volatile T*>(&from);
}

/// A value that stands in one register from here on: no sum is put off, no pointer of a loop is split into a base and
/// an index. What no register is left for goes through memory, which costs TCG as much as a dozen operations.
template <class T>
[[gnu::always_inline]] static inline void keep_here(T& value) {
  asm volatile("" : "+r"(value));
}
