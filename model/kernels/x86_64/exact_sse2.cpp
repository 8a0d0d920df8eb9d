// Exact products with SSE2: four rows in a register.
#include <emmintrin.h>

#include "model/kernels/exact_tile.hpp"
#include "model/kernels/x86_64/shared.hpp"

namespace {

struct Sse2 : Lanes<4> {
  TILE Ints add_pairs(Ints sum, Ints w, Ints x) { return sum + (Ints)_mm_madd_epi16((__m128i)w, (__m128i)x); }
  /// There is only the product of unsigned numbers: a negative one counts 2^32 too much, times the other one.
  TILE Longs multiply(Ints a, Ints b) {
    const Ints excess = ((a >> 31) & b) + ((b >> 31) & a);
    return (Longs)_mm_mul_epu32((__m128i)a, (__m128i)b) - ((Longs)excess << 32);
  }
  /// No float below is subnormal: a half float that is one starts with the bits of 2^-15 and is mended.
  TILE Floats halves(const uint8_t* from) {
    const __m128i four = _mm_loadl_epi64((const __m128i*)from);
    const Ints half = (Ints)_mm_unpacklo_epi16(_mm_setzero_si128(), four);
    const Ints magnitude = (half >> 3) & 0x0fffe000;
    const Floats normal = (Floats)(magnitude + (112 << 23));
    const Ints small = magnitude < (1 << 23);
    const Floats value = normal + (Floats)((Ints)(normal - 0x1p-14f) & small);
    return (Floats)((Ints)(value * 0x1p24f) | (half & INT32_MIN));
  }
};

}  // namespace

void model::sse2_multiply_exact(const ProductExact& p) { multiply_records(p, ExactTile<Sse2>::kSteps); }
