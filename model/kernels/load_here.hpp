#pragma once
#include <stdint.h>

// Loads that stay where they are written: TCG writes registers back to memory before each one, so they belong together,
// ahead of the arithmetic.

template <class T>
[[gnu::always_inline]] static inline T load_here(const T& from) {
  return *const_cast<const volatile T*>(&from);
}
