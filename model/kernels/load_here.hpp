#pragma once
#include <stdint.h>

// Loads that stay where they are written: TCG writes registers back to memory before each one, so they belong together,
// ahead of the arithmetic.

template <class T>
[[gnu::always_inline]] static inline T load_here(const T& from) {
  return *const_cast<const volatile T*>(&from);
}

/// A pointer of a loop, as the compiler must not split it into a base and an index: each takes a register, and what no
/// register is left for goes through memory, which costs TCG as much as a multiplication.
template <class T>
[[gnu::always_inline]] static inline void keep_whole(const T*& pointer) {
  asm volatile("" : "+r"(pointer));
}
