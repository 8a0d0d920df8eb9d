#pragma once
// What exact products take from AVX2 and F16C, with AVX-VNNI or without: eight rows in a register. Local to each
// source, as exact_tile.hpp is.
#include <immintrin.h>

#include "model/kernels/exact_tile.hpp"

namespace {

struct EightRows : Lanes<8> {
  TILE Longs multiply(Ints a, Ints b) { return (Longs)_mm256_mul_epi32((__m256i)a, (__m256i)b); }
  TILE Floats halves(const uint8_t* from) {
    return (Floats)_mm256_cvtph_ps(_mm_loadu_si128((const __m128i*)from)) * 0x1p24f;
  }
};

}  // namespace
