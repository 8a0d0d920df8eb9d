#pragma once
// The loops around a kernel's tile, which are the same for every instruction set. Everything here is local to the
// source that includes it: the instructions differ.
#include "model/kernels/kernels.hpp"
#include "rt/math.hpp"

namespace {

constexpr uint32_t kLanes = 16;

/// Quantization, with quantize_group(x, cols, stride, q, pairs, scale, offset) for each group of each vector.
template <class QuantizeGroup>
[[gnu::always_inline]] inline void quantize_groups(const model::Quantization& z, QuantizeGroup quantize_group) {
  const uint64_t stride = uint64_t{z.words} * 4;
  for (uint32_t i = 0; i < z.n; ++i)
    for (uint32_t g = 0; g < z.groups; ++g) {
      const uint64_t at = uint64_t{i} * z.groups + g;
      const uint32_t first = g * z.group_size, left = z.cols - first;
      quantize_group(z.x + i * z.x_stride + first, left < z.group_size ? left : z.group_size,
                     uint32_t(stride), z.out.q + at * stride, z.out.pairs + at * stride,
                     z.out.scale + at, z.out.offset + at);
    }
}

/// Float products, attention's scores and its mixing, for sets in which one loop serves all three. A kernel's source
/// gives a type with
///
///   static void sum(int blocks, const float* w, uint64_t w_step, uint64_t stride, const float* x, uint32_t n,
///                   float* y, uint64_t y_step);
///
/// y[b][0..15] = sum over j < n, ascending, of w[b][j][0..15] * x[j], for one or two blocks that lie w_step apart,
/// where w[j] is `stride` floats after w[j - 1]; and
///
///   static void divide(float* y, float by);  // y[0..15]
template <class Columns>
struct FloatLoops {
  [[gnu::always_inline]] static void multiply(const model::ProductF32& p) {
    const uint64_t block = uint64_t{p.cols} * kLanes;
    const uint32_t half = p.blocks / 2;
    for (uint32_t i = 0; i < p.n; ++i) {
      const float* x = p.x + i * p.x_stride;
      float* y = p.y + i * p.y_stride;
      for (uint32_t b = 0; b < half; ++b)  // two streams
        Columns::sum(2, p.w + b * block, half * block, kLanes, x, p.cols, y + b * kLanes, uint64_t{half} * kLanes);
      if (p.blocks % 2) Columns::sum(1, p.w + 2 * half * block, 0, kLanes, x, p.cols, y + 2 * half * kLanes, 0);
    }
  }

  [[gnu::always_inline]] static void score(const model::Head& h) {
    for (uint32_t first = 0; first < h.steps; first += kLanes) {
      float* out = h.weights + first;
      Columns::sum(1, h.keys + uint64_t{first} * h.dim, 0, kLanes, h.q, h.dim, out, 0);
      Columns::divide(out, h.divisor);
    }
  }

  [[gnu::always_inline]] static void mix(const model::Head& h) {
    for (uint32_t j = 0; j < h.value_lanes; j += kLanes)
      Columns::sum(1, h.values + j, 0, h.value_stride, h.weights, h.steps, h.out + j, 0);
  }
};

/// x[i] = e^(x[i] - shift), one by one.
[[gnu::always_inline]] inline void exp_each(float* x, uint32_t n, float shift) {
  for (uint32_t i = 0; i < n; ++i) x[i] = rt::exp(x[i] - shift);
}

}  // namespace
