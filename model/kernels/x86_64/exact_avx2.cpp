// Exact products with AVX2: eight rows in a register.
#include <immintrin.h>

#include "model/kernels/exact_tile.hpp"
#include "model/kernels/x86_64/shared.hpp"

namespace {

struct Avx2 {
  static constexpr uint32_t kLanes = 8;
  using Ints = int32_t __attribute__((vector_size(32)));
  using Shorts = int16_t __attribute__((vector_size(32)));
  using Words = uint16_t __attribute__((vector_size(32)));
  using Longs = int64_t __attribute__((vector_size(32)));
  using Pairs = uint64_t __attribute__((vector_size(32)));
  using Floats = float __attribute__((vector_size(32)));
  using Bytes = int8_t __attribute__((vector_size(8)));

  TILE Ints add_pairs(Ints sum, Ints w, Ints x) { return sum + (Ints)_mm256_madd_epi16((__m256i)w, (__m256i)x); }
  TILE Longs multiply(Ints a, Ints b) { return (Longs)_mm256_mul_epi32((__m256i)a, (__m256i)b); }
  TILE Floats halves(const uint8_t* from) {
    return (Floats)_mm256_cvtph_ps(_mm_loadu_si128((const __m128i*)from)) * 0x1p24f;
  }
};

}  // namespace

void model::avx2_multiply_exact(const ProductExact& p) { multiply_records(p, ExactTile<Avx2>::kSteps); }
