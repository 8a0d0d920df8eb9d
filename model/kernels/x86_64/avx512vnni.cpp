// AVX-512 VNNI: four int8 products of each of 16 rows in one instruction.
#include <immintrin.h>

#include "model/kernels/kernels.hpp"
#include "model/kernels/tile.hpp"
#include "model/kernels/x86_64/shared.hpp"

namespace {

constexpr uint32_t kLanes = 16;

struct Vectors {
  const int8_t* q;
  const float* scale;
  const int32_t* offset;
  uint32_t groups;   // between one vector's groups and the next one's
  uint64_t columns;  // the same for q
};

/// All groups of `blocks` blocks, w_step bytes apart, times `n` vectors.
TILE void sum_groups(int blocks, int n, const uint8_t* w, uint64_t w_step, uint32_t words,
                     const Vectors& x, float* y, uint64_t y_block, uint64_t y_step) {
  __m512 sum[8] = {};
  for (uint32_t g = 0; g < x.groups; ++g) {
    __m512i d[8];
    UNROLLED for (int p = 0; p < n; ++p)
      UNROLLED for (int b = 0; b < blocks; ++b)
        d[p * blocks + b] = _mm512_set1_epi32(x.offset[p * x.groups + g]);
    const int8_t* q = x.q + uint64_t{g} * words * 4;
    for (uint32_t word = 0; word < words; ++word, w += 64, q += 4)
      UNROLLED for (int b = 0; b < blocks; ++b) {
        const __m512i rows = _mm512_load_si512(w + b * w_step);
        UNROLLED for (int p = 0; p < n; ++p) {
          int32_t four;
          __builtin_memcpy(&four, q + p * x.columns, 4);
          d[p * blocks + b] =
              _mm512_dpbusd_epi32(d[p * blocks + b], rows, _mm512_set1_epi32(four));
        }
      }
    UNROLLED for (int b = 0; b < blocks; ++b) {
      const __m512 scale = _mm512_load_ps(w + b * w_step);
      UNROLLED for (int p = 0; p < n; ++p) {
        const __m512 scaled = _mm512_mul_ps(_mm512_cvtepi32_ps(d[p * blocks + b]), scale);
        sum[p * blocks + b] = _mm512_add_ps(
            sum[p * blocks + b], _mm512_mul_ps(scaled, _mm512_set1_ps(x.scale[p * x.groups + g])));
      }
    }
    w += 64;
  }
  UNROLLED for (int p = 0; p < n; ++p)
    UNROLLED for (int b = 0; b < blocks; ++b)
      _mm512_store_ps(y + p * y_step + b * y_block, sum[p * blocks + b]);
}

void multiply_q8(const model::ProductQ8& p) {
  const uint64_t block = uint64_t{p.words + 1} * 64 * p.groups;
  const uint64_t columns = uint64_t{p.words} * 4 * p.groups;
  const auto from = [&](uint32_t i) {
    const uint64_t first = uint64_t{i} * p.groups;
    return Vectors{p.x.q + i * columns, p.x.scale + first, p.x.offset + first, p.groups, columns};
  };
  uint32_t i = 0;
  for (; i + 8 <= p.n; i += 8)
    for (uint32_t b = 0; b < p.blocks; ++b)
      sum_groups(1, 8, p.w + b * block, 0, p.words, from(i), p.y + i * p.y_stride + b * kLanes, 0,
                 p.y_stride);
  const uint32_t quarter = p.blocks / 4;
  for (; i < p.n; ++i) {
    float* y = p.y + i * p.y_stride;
    for (uint32_t b = 0; b < quarter; ++b)
      sum_groups(4, 1, p.w + b * block, quarter * block, p.words, from(i), y + b * kLanes,
                 uint64_t{quarter} * kLanes, 0);
    for (uint32_t b = quarter * 4; b < p.blocks; ++b)
      sum_groups(1, 1, p.w + b * block, 0, p.words, from(i), y + b * kLanes, 0, 0);
  }
}

}  // namespace

constinit const model::Kernels model::kAvx512VnniKernels = {
    "avx512vnni",         rt::kAvx2 | rt::kAvx512 | rt::kAvx512Vnni,
    model::avx512_multiply_f32, multiply_q8, model::avx512vnni_multiply_exact,
    model::sse2_quantize, model::avx2_score,
    model::avx2_mix,      model::avx2_exp};
