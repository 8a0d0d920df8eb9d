#pragma once
#include "rt/memory.hpp"
#include "rt/span.hpp"

namespace boot {

/// What is kept of the last story: its text for /save, and how each token came for /stats.
struct Record {
  static constexpr uint32_t kTokens = 4096;
  static constexpr uint32_t kBytes = 48 * 1024;

  uint64_t seed = 0;
  bool stopped = false;  // by the user
  uint32_t tokens = 0;  // that the model drew; what is beyond kTokens is not kept
  uint32_t bytes = 0;
  float seconds[kTokens];
  float bits[kTokens];  // -log2 of the token's probability; below 0: not known
  char text[kBytes];

  void clear() {
    stopped = false;
    tokens = bytes = 0;
  }

  void add_token(double seconds_taken, float probability_bits) {
    if (tokens == kTokens) return;
    seconds[tokens] = float(seconds_taken);
    bits[tokens++] = probability_bits;
  }

  void add_text(const rt::Text& piece) {
    const uint64_t n = rt::min<uint64_t>(piece.size, kBytes - bytes);
    rt::copy_bytes(text + bytes, piece.data, n);
    bytes += uint32_t(n);
  }
};

}  // namespace boot
