#include "model/exact.hpp"

#include "rt/memory.hpp"

namespace model {
namespace {

using Floats = float __attribute__((vector_size(16)));
using Ints = int32_t __attribute__((vector_size(16)));
using Shorts = int16_t __attribute__((vector_size(16)));
using Pairs = int32_t __attribute__((vector_size(8)));

constexpr uint32_t kInfinite = 0x7f800000;
constexpr float kLeast = 0x1p-100f;  // what is smaller counts as zero, so that 1 / scale is a number

/// The bits of the largest magnitude, which order as the magnitudes do; those of no number are the largest.
uint32_t largest_bits(const float* x, uint32_t n) {
  uint32_t largest = 0;
  for (uint32_t i = 0; i < n; ++i) {
    const uint32_t bits = __builtin_bit_cast(uint32_t, x[i]) & 0x7fffffff;
    largest = bits > largest ? bits : largest;
  }
  return largest;
}

/// 16 columns; returns the sum of their q. Pairs are `step` numbers apart.
int32_t round_unit(const float* x, float factor, int16_t* q, uint32_t step) {
  constexpr float kRound = 0x1.8p23f;  // added, it leaves no place for a fraction
  Ints sum{};
  for (uint32_t c = 0; c < 16; c += 4) {
    Floats four;
    __builtin_memcpy(&four, x + c, sizeof four);
    const Ints whole = (Ints)(four * factor + kRound) - (Ints)(Floats{} + kRound);
    sum += whole;
    const auto pairs = (Pairs)__builtin_shufflevector((Shorts)whole, (Shorts)whole, 0, 4, 2, 6);
    const int32_t even = pairs[0], odd = pairs[1];
    __builtin_memcpy(q, &even, 4);
    __builtin_memcpy(q + step, &odd, 4);
    q += 2 * step;
  }
  return sum[0] + sum[1] + sum[2] + sum[3];
}

}  // namespace

void quantize_exact(const float* x, uint32_t cols, const ExactVectors& out, uint32_t i) {
  const uint32_t together = out.together, step = 2 * together, place = i % together;
  const uint64_t first_col = uint64_t{i - place} * out.cols;
  int16_t* q = out.q + first_col + 2 * place;
  ExactUnit* by_32 = out.by_32 + first_col / 32 + place;
  ExactUnit* by_16 = out.by_16 + first_col / 16 + place;
  const uint32_t bits = largest_bits(x, cols);
  const bool finite = bits < kInfinite;
  const float largest = __builtin_bit_cast(float, bits);
  const bool zero = !finite || largest < kLeast;
  const float inverse = zero ? 0 : 32767.0f / largest;
  out.scale[i] = finite ? (zero ? 0 : largest / 32767.0f * 0x1p-28f) : __builtin_nanf("");
  for (uint32_t first = 0; first < out.cols; first += 32) {
    float copy[32];
    const float* from = x + first;
    if (zero || first + 32 > cols) {  // filled up with zeros
      rt::fill_bytes(copy, 0, sizeof copy);
      if (!zero && first < cols) rt::copy_bytes(copy, from, (cols - first) * sizeof(float));
      from = copy;
    }
    const float most = __builtin_bit_cast(float, largest_bits(from, 32));
    int32_t up = 4;
    float power = 1;
    for (; up > 0 && most * (2 * power) <= largest; --up) power *= 2;
    *by_32 = {0, up};
    for (uint32_t half = 0; half < 2; ++half, q += 8 * step, by_16 += together) {
      *by_16 = {round_unit(from + 16 * half, inverse * power, q, step) * (1 << up), up};
      by_32->sum += by_16->sum;
    }
    by_32 += together;
  }
}

}  // namespace model
