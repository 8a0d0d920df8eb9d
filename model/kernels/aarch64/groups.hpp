#pragma once
// Products of int8 groups (kernels.hpp, multiply_q8) with NEON, written once. A kernel's source gives a type that is
// four rows' sums:
//
//   static void add(Sum& sum, int8x16_t w, int8x16_t x);  // four columns of each row, times the same of the vector
//   static int32x4_t total(const Sum& sum);
//
// Everything here is local to that source: the instructions differ.
#include <arm_neon.h>

#include "model/kernels/loops.hpp"
#include "model/kernels/tile.hpp"

namespace {

/// One group of one block, added to y.
template <class Sum>
TILE void add_group(const uint8_t* w, uint32_t words, const int8_t* q, float x_scale, float* y) {
  Sum sum[4] = {};
  for (uint32_t word = 0; word < words; ++word, w += 64, q += 4) {
    int32_t four;
    __builtin_memcpy(&four, q, sizeof four);
    const int8x16_t x = vreinterpretq_s8_s32(vdupq_n_s32(four));
    // The top bit flipped, a weight is a number with a sign, and what `offset` puts right elsewhere is no concern.
    UNROLLED for (int r = 0; r < 4; ++r)
      Sum::add(sum[r], vreinterpretq_s8_u8(veorq_u8(vld1q_u8(w + r * 16), vdupq_n_u8(0x80))), x);
  }
  const float* scale = reinterpret_cast<const float*>(w);
  UNROLLED for (int r = 0; r < 4; ++r) {
    const float32x4_t scaled = vmulq_f32(vcvtq_f32_s32(Sum::total(sum[r])), vld1q_f32(scale + 4 * r));
    vst1q_f32(y + 4 * r, vaddq_f32(vld1q_f32(y + 4 * r), vmulq_n_f32(scaled, x_scale)));
  }
}

template <class Sum>
void multiply_groups(const model::ProductQ8& p) {
  const uint32_t stride = p.words * 4;
  const uint64_t group_bytes = uint64_t{stride + 4} * kLanes;
  for (uint32_t b = 0; b < p.blocks; ++b)
    for (uint32_t i = 0; i < p.n; ++i) {
      float* y = p.y + i * p.y_stride + uint64_t{b} * kLanes;
      for (uint32_t r = 0; r < kLanes; r += 4) vst1q_f32(y + r, vdupq_n_f32(0));
      for (uint32_t g = 0; g < p.groups; ++g) {
        const uint64_t at = uint64_t{i} * p.groups + g;
        add_group<Sum>(p.w + (uint64_t{b} * p.groups + g) * group_bytes, p.words, p.x.q + at * stride,
                       p.x.scale[at], y);
      }
    }
}

}  // namespace
