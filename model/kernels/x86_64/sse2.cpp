// SSE2: what every x86-64 machine has.
#include <emmintrin.h>

#include "model/kernels/loops.hpp"
#include "model/kernels/tile.hpp"
#include "model/kernels/x86_64/shared.hpp"

namespace {

/// Four floats, loaded in halves: QEMU's TCG does that in line and calls a helper for a whole load,
/// and processors that have no more than SSE2 lose little.
TILE __m128 load4(const float* from) {
  __m128 value;
  asm("movlps %1, %0\n\tmovhps %2, %0" : "=x"(value) : "m"(from[0]), "m"(from[2]));
  return value;
}

/// What loops.hpp wants of a set.
struct Columns {
  TILE void sum(int blocks, const float* w, uint64_t w_step, uint64_t stride, const float* x, uint32_t n, float* y,
                uint64_t y_step) {
    __m128 sums[8] = {};
    for (uint32_t j = 0; j < n; ++j, w += stride) {
      const __m128 xj = _mm_set1_ps(x[j]);
      UNROLLED for (int b = 0; b < blocks; ++b)
        UNROLLED for (int i = 0; i < 4; ++i)
          sums[b * 4 + i] =
              _mm_add_ps(sums[b * 4 + i], _mm_mul_ps(load4(w + b * w_step + i * 4), xj));
    }
    UNROLLED for (int b = 0; b < blocks; ++b)
      UNROLLED for (int i = 0; i < 4; ++i) _mm_store_ps(y + b * y_step + i * 4, sums[b * 4 + i]);
  }

  TILE void divide(float* y, float by) {
    const __m128 divisor = _mm_set1_ps(by);
    for (uint32_t t = 0; t < kLanes; t += 4) _mm_store_ps(y + t, _mm_div_ps(_mm_load_ps(y + t), divisor));
  }
};

/// Four rows' words (a word: four bytes of one row) times one word of the vector, given as columns
/// 0 and 2, and 1 and 3.
__m128i dot4(__m128i w, __m128i x02, __m128i x13) {
  const __m128i even = _mm_and_si128(w, _mm_set1_epi32(0x00ff00ff));
  const __m128i odd = _mm_srli_epi16(w, 8);
  return _mm_add_epi32(_mm_madd_epi16(even, x02), _mm_madd_epi16(odd, x13));
}

__m128 step(__m128i dot, const float* w_scale, __m128 x_scale) {
  return _mm_mul_ps(_mm_mul_ps(_mm_cvtepi32_ps(dot), _mm_load_ps(w_scale)), x_scale);
}

/// One group of one block, added to y.
void add_group(const uint8_t* w, uint32_t words, const int16_t* pairs, int32_t offset,
               float x_scale, float* y) {
  __m128i d0 = _mm_set1_epi32(offset), d1 = d0, d2 = d0, d3 = d0;
  for (uint32_t word = 0; word < words; ++word, w += 64, pairs += 4) {
    const __m128i x = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(pairs));
    const __m128i x02 = _mm_shuffle_epi32(x, 0x00), x13 = _mm_shuffle_epi32(x, 0x55);
    const __m128i* rows = reinterpret_cast<const __m128i*>(w);
    d0 = _mm_add_epi32(d0, dot4(_mm_load_si128(rows), x02, x13));
    d1 = _mm_add_epi32(d1, dot4(_mm_load_si128(rows + 1), x02, x13));
    d2 = _mm_add_epi32(d2, dot4(_mm_load_si128(rows + 2), x02, x13));
    d3 = _mm_add_epi32(d3, dot4(_mm_load_si128(rows + 3), x02, x13));
  }
  const float* scale = reinterpret_cast<const float*>(w);
  const __m128 xs = _mm_set1_ps(x_scale);
  _mm_store_ps(y, _mm_add_ps(_mm_load_ps(y), step(d0, scale, xs)));
  _mm_store_ps(y + 4, _mm_add_ps(_mm_load_ps(y + 4), step(d1, scale + 4, xs)));
  _mm_store_ps(y + 8, _mm_add_ps(_mm_load_ps(y + 8), step(d2, scale + 8, xs)));
  _mm_store_ps(y + 12, _mm_add_ps(_mm_load_ps(y + 12), step(d3, scale + 12, xs)));
}

void multiply_q8(const model::ProductQ8& p) {
  const uint32_t stride = p.words * 4;
  const uint64_t group_bytes = uint64_t{stride + 4} * kLanes;
  for (uint32_t b = 0; b < p.blocks; ++b)
    for (uint32_t i = 0; i < p.n; ++i) {
      float* y = p.y + i * p.y_stride + uint64_t{b} * kLanes;
      for (uint32_t r = 0; r < kLanes; r += 4) _mm_store_ps(y + r, _mm_setzero_ps());
      for (uint32_t g = 0; g < p.groups; ++g) {
        const uint64_t at = uint64_t{i} * p.groups + g;
        add_group(p.w + (uint64_t{b} * p.groups + g) * group_bytes, p.words,
                  p.x.pairs + at * stride, p.x.offset[at], p.x.scale[at], y);
      }
    }
}

/// Four whole numbers nearest to v, ties away from zero; v within +-127.
__m128i round_half_away(__m128 v) {
  const __m128i whole = _mm_cvttps_epi32(v);
  const __m128 rest = _mm_sub_ps(v, _mm_cvtepi32_ps(whole));
  const __m128i up = _mm_castps_si128(_mm_cmpge_ps(rest, _mm_set1_ps(0.5f)));
  const __m128i down = _mm_castps_si128(_mm_cmple_ps(rest, _mm_set1_ps(-0.5f)));
  return _mm_add_epi32(_mm_sub_epi32(whole, up), down);  // a true lane is -1
}

float largest_magnitude(const float* x, uint32_t n) {
  const __m128 magnitude = _mm_castsi128_ps(_mm_set1_epi32(0x7fffffff));
  __m128 largest = _mm_setzero_ps();
  uint32_t j = 0;
  for (; j + 4 <= n; j += 4)  // the second operand wins where the first is no number
    largest = _mm_max_ps(_mm_and_ps(_mm_loadu_ps(x + j), magnitude), largest);
  for (; j < n; ++j)
    largest = _mm_max_ps(_mm_and_ps(_mm_load_ss(x + j), magnitude), largest);
  largest = _mm_max_ps(largest, _mm_movehl_ps(largest, largest));
  return _mm_cvtss_f32(_mm_max_ss(largest, _mm_shuffle_ps(largest, largest, 1)));
}

/// Up to four floats; those that are missing are zero.
__m128 load_some(const float* x, uint32_t n) {
  alignas(16) float four[4] = {};
  for (uint32_t j = 0; j < n; ++j) four[j] = x[j];
  return _mm_load_ps(four);
}

/// Four columns: the bytes go to q, the pairs to `pairs`; returns the numbers for their sum.
__m128i quantize_word(__m128 x, __m128 scale, int8_t* q, int16_t* pairs) {
  __m128 v = _mm_div_ps(x, scale);
  v = _mm_max_ps(_mm_min_ps(v, _mm_set1_ps(127.0f)), _mm_set1_ps(-127.0f));
  const __m128i whole = round_half_away(v);
  const __m128i shorts = _mm_packs_epi32(whole, whole);
  const int32_t bytes = _mm_cvtsi128_si32(_mm_packs_epi16(shorts, shorts));
  __builtin_memcpy(q, &bytes, sizeof bytes);
  _mm_storel_epi64(reinterpret_cast<__m128i*>(pairs),
                   _mm_shufflelo_epi16(shorts, _MM_SHUFFLE(3, 1, 2, 0)));
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
  const __m128 divisor = _mm_set1_ps(*scale);
  __m128i sum = _mm_setzero_si128();
  for (uint32_t j = 0; j < stride; j += 4) {
    const uint32_t left = cols > j ? cols - j : 0;
    const __m128 four = left >= 4 ? _mm_loadu_ps(x + j) : load_some(x + j, left);
    sum = _mm_add_epi32(sum, quantize_word(four, divisor, q + j, pairs + j));
  }
  sum = _mm_add_epi32(sum, _mm_shuffle_epi32(sum, _MM_SHUFFLE(1, 0, 3, 2)));
  sum = _mm_add_epi32(sum, _mm_shuffle_epi32(sum, _MM_SHUFFLE(2, 3, 0, 1)));
  *offset = -128 * _mm_cvtsi128_si32(sum);
}

}  // namespace

namespace model {

void sse2_quantize(const Quantization& z) { quantize_groups(z, quantize_group); }
void sse2_multiply_f32(const ProductF32& p) { FloatLoops<Columns>::multiply(p); }
void sse2_score(const Head& h) { FloatLoops<Columns>::score(h); }
void sse2_mix(const Head& h) { FloatLoops<Columns>::mix(h); }
void sse2_exp(float* x, uint32_t n, float shift) { exp_each(x, n, shift); }

}  // namespace model

constinit const model::Kernels model::kSse2Kernels = {
    "sse2",              {}, model::sse2_multiply_f32, multiply_q8, model::sse2_multiply_exact,
    model::sse2_quantize, model::sse2_score, model::sse2_mix,          model::sse2_exp};
