#pragma once
#include <stdint.h>

namespace rt {

/// llama2.c's random numbers, so that a seed tells the same story: xorshift64* (Vigna 2016,
/// "An experimental exploration of Marsaglia's xorshift generators, scrambled").
class Random {
 public:
  /// A seed of 0 would stay 0 forever; it is taken as 1.
  explicit constexpr Random(uint64_t seed) : state_(seed ? seed : 1) {}

  /// 32 random bits.
  constexpr uint32_t next() {
    state_ ^= state_ >> 12;
    state_ ^= state_ << 25;
    state_ ^= state_ >> 27;
    return uint32_t(state_ * 0x2545f4914f6cdd1dull >> 32);
  }

  /// Uniform on [0, 1): a multiple of 2^-24.
  constexpr float uniform() { return float(next() >> 8) / 16777216.0f; }

 private:
  uint64_t state_;
};

}  // namespace rt
