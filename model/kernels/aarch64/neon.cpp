// Advanced SIMD (NEON): what every AArch64 processor has.
#include <arm_neon.h>

#include "model/kernels/aarch64/shared.hpp"
#include "model/kernels/aarch64/groups.hpp"
#include "model/kernels/loops.hpp"

namespace {

/// What loops.hpp wants of a set.
struct Columns {
  TILE void sum(int blocks, const float* w, uint64_t w_step, uint64_t stride, const float* x, uint32_t n, float* y,
                uint64_t y_step) {
    float32x4_t sums[8] = {};
    for (uint32_t j = 0; j < n; ++j, w += stride) {
      const float32x4_t xj = vdupq_n_f32(x[j]);
      UNROLLED for (int b = 0; b < blocks; ++b)
        UNROLLED for (int i = 0; i < 4; ++i)
          sums[b * 4 + i] = vaddq_f32(sums[b * 4 + i], vmulq_f32(vld1q_f32(w + b * w_step + i * 4), xj));
    }
    UNROLLED for (int b = 0; b < blocks; ++b)
      UNROLLED for (int i = 0; i < 4; ++i) vst1q_f32(y + b * y_step + i * 4, sums[b * 4 + i]);
  }

  TILE void divide(float* y, float by) {
    const float32x4_t divisor = vdupq_n_f32(by);
    for (uint32_t t = 0; t < kLanes; t += 4) vst1q_f32(y + t, vdivq_f32(vld1q_f32(y + t), divisor));
  }
};

/// Sums of products of bytes: each product in 16 bits, which pairs of then go into sums of 32 bits.
struct Widening {
  int32x4_t low{}, high{};  // rows 0 and 1, rows 2 and 3: two sums each

  TILE void add(Widening& sum, int8x16_t w, int8x16_t x) {
    sum.low = vpadalq_s16(sum.low, vmull_s8(vget_low_s8(w), vget_low_s8(x)));
    sum.high = vpadalq_s16(sum.high, vmull_high_s8(w, x));
  }
  TILE int32x4_t total(const Widening& sum) { return vpaddq_s32(sum.low, sum.high); }
};

/// The largest magnitude; what is no number counts as none.
float largest_magnitude(const float* x, uint32_t n) {
  float32x4_t largest = vdupq_n_f32(0);
  uint32_t j = 0;
  for (; j + 4 <= n; j += 4) {
    const float32x4_t magnitude = vabsq_f32(vld1q_f32(x + j));
    largest = vbslq_f32(vcgtq_f32(magnitude, largest), magnitude, largest);
  }
  float one = vmaxvq_f32(largest);
  for (; j < n; ++j) {
    const float magnitude = x[j] < 0 ? -x[j] : x[j];
    one = magnitude > one ? magnitude : one;
  }
  return one;
}

/// Up to four floats; those that are missing are zero.
float32x4_t load_some(const float* x, uint32_t n) {
  float four[4] = {};
  for (uint32_t j = 0; j < n; ++j) four[j] = x[j];
  return vld1q_f32(four);
}

/// Four columns: the bytes go to q, the pairs to `pairs`; returns the numbers for their sum.
int32x4_t quantize_word(float32x4_t x, float32x4_t scale, int8_t* q, int16_t* pairs) {
  const float32x4_t most = vdupq_n_f32(127.0f), least = vdupq_n_f32(-127.0f);
  float32x4_t v = vdivq_f32(x, scale);
  v = vbslq_f32(vcltq_f32(v, most), v, most);  // what is no number becomes 127
  v = vbslq_f32(vcgtq_f32(v, least), v, least);
  const int32x4_t whole = vcvtaq_s32_f32(v);  // ties away from zero
  const int16x4_t shorts = vmovn_s32(whole);
  const int32_t bytes = vget_lane_s32(vreinterpret_s32_s8(vmovn_s16(vcombine_s16(shorts, shorts))), 0);
  __builtin_memcpy(q, &bytes, sizeof bytes);
  vst1_s16(pairs, __builtin_shufflevector(shorts, shorts, 0, 2, 1, 3));
  return whole;
}

void quantize_group(const float* x, uint32_t cols, uint32_t stride, int8_t* q, int16_t* pairs,
                    float* scale, int32_t* offset) {
  *scale = largest_magnitude(x, cols) / 127.0f;
  if (!(*scale > 0 && *scale < __builtin_inff())) {
    for (uint32_t j = 0; j < stride; ++j) q[j] = 0, pairs[j] = 0;
    *offset = 0;
    return;
  }
  const float32x4_t divisor = vdupq_n_f32(*scale);
  int32x4_t sum = vdupq_n_s32(0);
  for (uint32_t j = 0; j < stride; j += 4) {
    const uint32_t left = cols > j ? cols - j : 0;
    const float32x4_t four = left >= 4 ? vld1q_f32(x + j) : load_some(x + j, left);
    sum = vaddq_s32(sum, quantize_word(four, divisor, q + j, pairs + j));
  }
  *offset = -128 * vaddvq_s32(sum);
}

}  // namespace

namespace model {

void neon_quantize(const Quantization& z) { quantize_groups(z, quantize_group); }
void neon_multiply_f32(const ProductF32& p) { FloatLoops<Columns>::multiply(p); }
void neon_score(const Head& h) { FloatLoops<Columns>::score(h); }
void neon_mix(const Head& h) { FloatLoops<Columns>::mix(h); }
void neon_exp(float* x, uint32_t n, float shift) { exp_each(x, n, shift); }

}  // namespace model

constinit const model::Kernels model::kNeonKernels = {
    "neon",               {}, model::neon_multiply_f32, multiply_groups<Widening>, model::neon_multiply_exact,
    model::neon_quantize, model::neon_score, model::neon_mix, model::neon_exp};
