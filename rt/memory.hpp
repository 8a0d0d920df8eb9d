#pragma once
#include <stddef.h>
#include <stdint.h>

namespace rt {

/// The four functions that a compiler may call on its own, under names that host tests can use.
/// Contracts as in ISO C 7.24.
void* copy_bytes(void* to, const void* from, size_t n);
void* move_bytes(void* to, const void* from, size_t n);
void* fill_bytes(void* to, int value, size_t n);
int compare_bytes(const void* a, const void* b, size_t n);

/// Little-endian reads from any address.
template <class T>
T load(const uint8_t* from) {
  T value;
  __builtin_memcpy(&value, from, sizeof value);
  return value;
}

}  // namespace rt
