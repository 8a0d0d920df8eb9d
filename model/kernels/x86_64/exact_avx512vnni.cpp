// Exact products with AVX-512 VNNI: a block's 16 rows in a register.
#include <immintrin.h>

#include "model/kernels/exact_tile.hpp"
#include "model/kernels/x86_64/shared.hpp"

namespace {

struct Avx512Vnni : Lanes<16> {
  TILE Ints add_pairs(Ints sum, Ints w, Ints x) {
    return (Ints)_mm512_dpwssd_epi32((__m512i)sum, (__m512i)w, (__m512i)x);
  }
  TILE Longs multiply(Ints a, Ints b) { return (Longs)_mm512_mul_epi32((__m512i)a, (__m512i)b); }
  TILE Floats halves(const uint8_t* from) {
    return (Floats)_mm512_cvtph_ps(_mm256_loadu_si256((const __m256i*)from)) * 0x1p24f;
  }
};

}  // namespace

void model::avx512vnni_multiply_exact(const ProductExact& p) { multiply_records(p, ExactTile<Avx512Vnni>::kSteps); }
