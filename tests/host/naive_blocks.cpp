#include "tests/host/naive_blocks.hpp"

#include <stdexcept>

namespace test {

int64_t naive_half(const uint8_t* p) {
  const int bits = p[0] | p[1] << 8, exponent = bits >> 10 & 31, fraction = bits & 1023;
  int64_t value = fraction;
  if (exponent > 0) value = int64_t(1024 + fraction) << (exponent - 1);
  return bits >> 15 ? -value : value;
}

namespace {

int nibble(const uint8_t* n, uint32_t c) { return c < 16 ? n[c] % 16 : n[c - 16] / 16; }
int bit(const uint8_t* bits, uint32_t i) { return bits[i / 8] >> i % 8 & 1; }

/// Scales of Q4_K and Q5_K: eight of six bits, then eight minimums, in twelve bytes.
int k_scale(const uint8_t* s, uint32_t g, bool minimum) {
  if (g < 4) return s[g + (minimum ? 4 : 0)] % 64;
  const int low = minimum ? s[g + 4] / 16 : s[g + 4] % 16;
  return low + s[minimum ? g : g - 4] / 64 * 16;
}

int iq4(int n) {
  constexpr int kValues[] = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};
  return kValues[n];
}

}  // namespace

NaiveWeight naive_weight(uint32_t id, const uint8_t* p, uint32_t c) {
  const uint32_t g = c / 32, in_group = c % 32, half = c / 128, in_half = c % 128;
  switch (id) {
    case 8: return {naive_half(p), 0, static_cast<int8_t>(p[2 + c])};
    case 2: return {naive_half(p), 0, nibble(p + 2, c) - 8};
    case 3: return {naive_half(p), naive_half(p + 2), nibble(p + 4, c)};
    case 6: return {naive_half(p), 0, nibble(p + 6, c) + 16 * bit(p + 2, c) - 16};
    case 7: return {naive_half(p), naive_half(p + 2), nibble(p + 8, c) + 16 * bit(p + 4, c)};
    case 12:
    case 13: {
      const uint8_t* n = p + (id == 12 ? 16 : 48) + g / 2 * 32;
      int q = g % 2 ? n[in_group] / 16 : n[in_group] % 16;
      if (id == 13) q += 16 * (p[16 + in_group] >> g & 1);
      return {naive_half(p) * k_scale(p + 4, g, false), -naive_half(p + 2) * k_scale(p + 4, g, true), q};
    }
    case 14: {
      const uint8_t low = p[64 * half + in_half % 64];
      const int q = (in_half < 64 ? low % 16 : low / 16) +
                    16 * (p[128 + 32 * half + in_half % 32] >> in_half / 32 * 2 & 3);
      return {naive_half(p + 208) * static_cast<int8_t>(p[192 + c / 16]), 0, q - 32};
    }
    case 10: {
      const int q = p[16 + 32 * half + in_half % 32] >> in_half / 32 * 2 & 3;
      return {naive_half(p + 80) * (p[c / 16] % 16), -naive_half(p + 82) * (p[c / 16] / 16), q};
    }
    case 11: {
      int q = p[32 + 32 * half + in_half % 32] >> in_half / 32 * 2 & 3;
      if (!(p[in_group] >> g & 1)) q -= 4;
      const uint32_t u = c / 16;
      const uint8_t* s = p + 96;
      const int low = u < 8 ? s[u] % 16 : s[u - 8] / 16, high = s[8 + u % 4] >> u / 4 * 2 & 3;
      return {naive_half(p + 108) * (low + 16 * high - 32), 0, q};
    }
    case 20: return {naive_half(p), 0, iq4(nibble(p + 2, c))};
    case 23: {
      const int low = g % 2 ? p[4 + g / 2] / 16 : p[4 + g / 2] % 16;
      const int high = (p[2] | p[3] << 8) >> 2 * g & 3;
      return {naive_half(p) * (low + 16 * high - 32), 0, iq4(nibble(p + 8 + 16 * g, in_group))};
    }
    default: throw std::logic_error("no such type");
  }
}

}  // namespace test
