// AVX-512 with VNNI: a block of 16 rows in a register, four int8 products of each in one instruction.
#include <immintrin.h>

#include "model/kernels/kernels.hpp"
#include "model/kernels/tile.hpp"
#include "model/kernels/x86_64/shared.hpp"

namespace {

constexpr uint32_t kLanes = 16;

/// y[p][b][0..15] = sum over j, ascending, of w[b][j][0..15] * x[p][j], for `blocks` columns of
/// weights that lie w_step apart, and `n` vectors. A column's next row of 16 is `stride` further.
TILE void sum_columns(int blocks, int n, const float* w, uint64_t w_step, uint64_t stride,
                      const float* x, uint64_t x_step, uint32_t count, float* y, uint64_t y_block,
                      uint64_t y_step) {
  __m512 sum[8] = {};
  for (uint32_t j = 0; j < count; ++j)
    UNROLLED for (int b = 0; b < blocks; ++b) {
      const __m512 row = _mm512_load_ps(w + b * w_step + j * stride);
      UNROLLED for (int p = 0; p < n; ++p) {
        __m512& s = sum[p * blocks + b];
        s = _mm512_add_ps(s, _mm512_mul_ps(row, _mm512_set1_ps(x[p * x_step + j])));
      }
    }
  UNROLLED for (int p = 0; p < n; ++p)
    UNROLLED for (int b = 0; b < blocks; ++b)
      _mm512_store_ps(y + p * y_step + b * y_block, sum[p * blocks + b]);
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

void multiply_f32(const model::ProductF32& p) {
  uint32_t i = 0;
  for (; i + 8 <= p.n; i += 8)
    for (uint32_t b = 0; b < p.blocks; ++b)
      sum_columns(1, 8, p.w + uint64_t{b} * p.cols * kLanes, 0, kLanes, p.x + i * p.x_stride,
                  p.x_stride, p.cols, p.y + i * p.y_stride + b * kLanes, 0, p.y_stride);
  for (; i < p.n; ++i) multiply_one(p, p.x + i * p.x_stride, p.y + i * p.y_stride);
}

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
    "avx512vnni",
    rt::kAvx2 | rt::kAvx512Vnni,
    multiply_f32,
    multiply_q8,
    model::avx512vnni_multiply_exact,
    model::sse2_quantize,
    model::avx2_score,
    model::avx2_mix,
    model::avx2_exp};
