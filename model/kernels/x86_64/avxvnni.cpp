// AVX-VNNI, which clients have that lack AVX-512: AVX2, and in exact products a multiplication that adds to its sum.
#include <immintrin.h>

#include "model/kernels/exact_tile.hpp"
#include "model/kernels/x86_64/shared.hpp"

namespace {

struct AvxVnni {
  static constexpr uint32_t kLanes = 8;
  using Ints = int32_t __attribute__((vector_size(32)));
  using Shorts = int16_t __attribute__((vector_size(32)));
  using Words = uint16_t __attribute__((vector_size(32)));
  using Longs = int64_t __attribute__((vector_size(32)));
  using Pairs = uint64_t __attribute__((vector_size(32)));
  using Floats = float __attribute__((vector_size(32)));
  using Bytes = int8_t __attribute__((vector_size(8)));

  TILE Ints add_pairs(Ints sum, Ints w, Ints x) {
    return (Ints)_mm256_dpwssd_avx_epi32((__m256i)sum, (__m256i)w, (__m256i)x);
  }
  TILE Longs multiply(Ints a, Ints b) { return (Longs)_mm256_mul_epi32((__m256i)a, (__m256i)b); }
  TILE Floats halves(const uint8_t* from) {
    return (Floats)_mm256_cvtph_ps(_mm_loadu_si128((const __m128i*)from)) * 0x1p24f;
  }
};

void multiply_exact(const model::ProductExact& p) { model::multiply_records(p, ExactTile<AvxVnni>::kSteps); }

}  // namespace

constinit const model::Kernels model::kAvxVnniKernels = {
    "avxvnni",            {.avx2 = true, .avx_vnni = true}, model::avx2_multiply_f32, model::avx2_multiply_q8,
    multiply_exact, model::sse2_quantize, model::avx2_score, model::avx2_mix, model::avx2_exp};
