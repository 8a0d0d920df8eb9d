// AVX2: eight rows in a register, two registers a block.
#include <immintrin.h>

#include "model/kernels/kernels.hpp"
#include "model/kernels/tile.hpp"
#include "model/kernels/x86_64/shared.hpp"
#include "rt/exp.hpp"

namespace {

constexpr uint32_t kLanes = 16;

/// y[p][b][0..15] = sum over j, ascending, of w[b][j][0..15] * x[p][j], for `blocks` columns of
/// weights that lie w_step apart, and `n` vectors. A column's next row of 16 is `stride` further.
TILE void sum_columns(int blocks, int n, const float* w, uint64_t w_step, uint64_t stride,
                      const float* x, uint64_t x_step, uint32_t count, float* y, uint64_t y_block,
                      uint64_t y_step) {
  __m256 sum[8] = {};
  for (uint32_t j = 0; j < count; ++j) {
    UNROLLED for (int b = 0; b < blocks; ++b) {
      const float* row = w + b * w_step + j * stride;
      const __m256 low = _mm256_load_ps(row), high = _mm256_load_ps(row + 8);
      UNROLLED for (int p = 0; p < n; ++p) {
        const __m256 xj = _mm256_broadcast_ss(x + p * x_step + j);
        __m256* s = sum + (p * blocks + b) * 2;
        s[0] = _mm256_add_ps(s[0], _mm256_mul_ps(low, xj));
        s[1] = _mm256_add_ps(s[1], _mm256_mul_ps(high, xj));
      }
    }
  }
  UNROLLED for (int p = 0; p < n; ++p)
    UNROLLED for (int b = 0; b < blocks; ++b) {
      _mm256_store_ps(y + p * y_step + b * y_block, sum[(p * blocks + b) * 2]);
      _mm256_store_ps(y + p * y_step + b * y_block + 8, sum[(p * blocks + b) * 2 + 1]);
    }
}

/// One vector: the blocks are read as four streams, each a quarter of them.
void multiply_one(const model::ProductF32& p, const float* x, float* y) {
  const uint64_t block = uint64_t{p.cols} * kLanes;
  const uint32_t quarter = p.blocks / 4;
  for (uint32_t b = 0; b < quarter; ++b)
    sum_columns(4, 1, p.w + b * block, quarter * block, kLanes, x, 0, p.cols, y + b * kLanes,
                uint64_t{quarter} * kLanes, 0);
  for (uint32_t b = quarter * 4; b < p.blocks; ++b)
    sum_columns(1, 1, p.w + b * block, 0, kLanes, x, 0, p.cols, y + b * kLanes, 0, 0);
}

}  // namespace

void model::avx2_multiply_f32(const ProductF32& p) {
  uint32_t i = 0;
  for (; i + 4 <= p.n; i += 4)
    for (uint32_t b = 0; b < p.blocks; ++b)
      sum_columns(1, 4, p.w + uint64_t{b} * p.cols * kLanes, 0, kLanes, p.x + i * p.x_stride,
                  p.x_stride, p.cols, p.y + i * p.y_stride + b * kLanes, 0, p.y_stride);
  for (; i < p.n; ++i) multiply_one(p, p.x + i * p.x_stride, p.y + i * p.y_stride);
}

namespace {

/// What a tile of int8 products needs to know: `at` is the first vector's first group.
struct Vectors {
  const int16_t* pairs;
  const float* scale;
  const int32_t* offset;
  uint32_t groups;    // between one vector's groups and the next one's
  uint64_t columns;   // the same for pairs
};

TILE __m256i dot(__m256i w, const int16_t* pairs) {
  const __m256i even = _mm256_and_si256(w, _mm256_set1_epi32(0x00ff00ff));
  const __m256i odd = _mm256_srli_epi16(w, 8);
  int32_t x02, x13;
  __builtin_memcpy(&x02, pairs, 4);
  __builtin_memcpy(&x13, pairs + 2, 4);
  return _mm256_add_epi32(_mm256_madd_epi16(even, _mm256_set1_epi32(x02)),
                          _mm256_madd_epi16(odd, _mm256_set1_epi32(x13)));
}

/// All groups of `blocks` blocks, w_step bytes apart, times `n` vectors.
TILE void sum_groups(int blocks, int n, const uint8_t* w, uint64_t w_step, uint32_t words,
                     const Vectors& x, float* y, uint64_t y_block, uint64_t y_step) {
  __m256 sum[8] = {};
  for (uint32_t g = 0; g < x.groups; ++g) {
    __m256i d[8];
    UNROLLED for (int p = 0; p < n; ++p)
      UNROLLED for (int b = 0; b < blocks; ++b)
        d[(p * blocks + b) * 2] = d[(p * blocks + b) * 2 + 1] =
            _mm256_set1_epi32(x.offset[p * x.groups + g]);
    const int16_t* pairs = x.pairs + uint64_t{g} * words * 4;
    for (uint32_t word = 0; word < words; ++word, w += 64, pairs += 4)
      UNROLLED for (int b = 0; b < blocks; ++b) {
        const __m256i* rows = reinterpret_cast<const __m256i*>(w + b * w_step);
        const __m256i low = _mm256_load_si256(rows), high = _mm256_load_si256(rows + 1);
        UNROLLED for (int p = 0; p < n; ++p) {
          __m256i* s = d + (p * blocks + b) * 2;
          s[0] = _mm256_add_epi32(s[0], dot(low, pairs + p * x.columns));
          s[1] = _mm256_add_epi32(s[1], dot(high, pairs + p * x.columns));
        }
      }
    UNROLLED for (int b = 0; b < blocks; ++b) {
      const float* scale = reinterpret_cast<const float*>(w + b * w_step);
      UNROLLED for (int p = 0; p < n; ++p) {
        const __m256 x_scale = _mm256_broadcast_ss(x.scale + p * x.groups + g);
        UNROLLED for (int half = 0; half < 2; ++half) {
          const int i = (p * blocks + b) * 2 + half;
          const __m256 scaled =
              _mm256_mul_ps(_mm256_cvtepi32_ps(d[i]), _mm256_load_ps(scale + half * 8));
          sum[i] = _mm256_add_ps(sum[i], _mm256_mul_ps(scaled, x_scale));
        }
      }
    }
    w += 64;
  }
  UNROLLED for (int p = 0; p < n; ++p)
    UNROLLED for (int b = 0; b < blocks; ++b) {
      _mm256_store_ps(y + p * y_step + b * y_block, sum[(p * blocks + b) * 2]);
      _mm256_store_ps(y + p * y_step + b * y_block + 8, sum[(p * blocks + b) * 2 + 1]);
    }
}

}  // namespace

void model::avx2_multiply_q8(const ProductQ8& p) {
  const uint64_t block = uint64_t{p.words + 1} * 64 * p.groups, columns = uint64_t{p.words} * 4 * p.groups;
  const auto from = [&](uint32_t i) {
    const uint64_t first = uint64_t{i} * p.groups;
    return Vectors{p.x.pairs + i * columns, p.x.scale + first, p.x.offset + first, p.groups, columns};
  };
  uint32_t i = 0;
  for (; i + 2 <= p.n; i += 2)
    for (uint32_t b = 0; b < p.blocks; ++b)
      sum_groups(1, 2, p.w + b * block, 0, p.words, from(i), p.y + i * p.y_stride + b * kLanes, 0,
                 p.y_stride);
  if (i == p.n) return;
  const uint32_t half = p.blocks / 2;
  float* y = p.y + i * p.y_stride;
  for (uint32_t b = 0; b < half; ++b)
    sum_groups(2, 1, p.w + b * block, half * block, p.words, from(i), y + b * kLanes,
               uint64_t{half} * kLanes, 0);
  if (p.blocks % 2)
    sum_groups(1, 1, p.w + 2 * half * block, 0, p.words, from(i), y + 2 * half * kLanes, 0, 0);
}

namespace {

/// The steps of rt::exp, four at a time.
TILE __m128 exp4(__m128 x) {
  // The second operand goes through where one is no number.
  x = _mm_max_ps(_mm_set1_ps(rt::kExpLeast), _mm_min_ps(_mm_set1_ps(rt::kExpMost), x));
  const __m256d z = _mm256_mul_pd(_mm256_set1_pd(rt::kExpScale), _mm256_cvtps_pd(x));
  const __m256d shifted = _mm256_add_pd(z, _mm256_set1_pd(rt::kExpShift));
  const __m256d r = _mm256_sub_pd(z, _mm256_sub_pd(shifted, _mm256_set1_pd(rt::kExpShift)));
  const __m256i k = _mm256_castpd_si256(shifted);
  const __m256i power = _mm256_i64gather_epi64(reinterpret_cast<const long long*>(rt::kExpTable),
                                               _mm256_and_si256(k, _mm256_set1_epi64x(31)), 8);
  const __m256d scale = _mm256_castsi256_pd(_mm256_add_epi64(power, _mm256_slli_epi64(k, 47)));
  const __m256d high = _mm256_add_pd(_mm256_mul_pd(_mm256_set1_pd(rt::kExpC3), r),
                                     _mm256_set1_pd(rt::kExpC2));
  const __m256d low =
      _mm256_add_pd(_mm256_mul_pd(_mm256_set1_pd(rt::kExpC1), r), _mm256_set1_pd(1.0));
  const __m256d y = _mm256_add_pd(_mm256_mul_pd(high, _mm256_mul_pd(r, r)), low);
  return _mm256_cvtpd_ps(_mm256_mul_pd(y, scale));
}

}  // namespace

namespace model {

void avx2_score(const Head& h) {
  const __m256 divisor = _mm256_set1_ps(h.divisor);
  for (uint32_t first = 0; first < h.steps; first += kLanes) {
    float* out = h.weights + first;
    sum_columns(1, 1, h.keys + uint64_t{first} * h.dim, 0, kLanes, h.q, 0, h.dim, out, 0, 0);
    for (uint32_t t = 0; t < kLanes; t += 8)
      _mm256_store_ps(out + t, _mm256_div_ps(_mm256_load_ps(out + t), divisor));
  }
}

void avx2_mix(const Head& h) {
  for (uint32_t j = 0; j < h.value_lanes; j += kLanes)
    sum_columns(1, 1, h.values + j, 0, h.value_stride, h.weights, 0, h.steps, h.out + j, 0, 0);
}

void avx2_exp(float* x, uint32_t n, float shift) {
  const __m128 by = _mm_set1_ps(shift);
  uint32_t i = 0;
  for (; i + 4 <= n; i += 4) _mm_storeu_ps(x + i, exp4(_mm_sub_ps(_mm_loadu_ps(x + i), by)));
  for (; i < n; ++i) _mm_store_ss(x + i, exp4(_mm_sub_ps(_mm_load_ss(x + i), by)));
}

}  // namespace model

constinit const model::Kernels model::kAvx2Kernels = {
    "avx2", rt::kAvx2, model::avx2_multiply_f32, model::avx2_multiply_q8, model::avx2_multiply_exact,
    model::sse2_quantize, model::avx2_score, model::avx2_mix, model::avx2_exp};
