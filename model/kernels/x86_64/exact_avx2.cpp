// Exact products with AVX2: eight rows in a register.
#include "model/kernels/x86_64/exact_eight.hpp"
#include "model/kernels/x86_64/shared.hpp"

namespace {

struct Avx2 : EightRows {
  TILE Ints add_pairs(Ints sum, Ints w, Ints x) { return sum + (Ints)_mm256_madd_epi16((__m256i)w, (__m256i)x); }
};

}  // namespace

void model::avx2_multiply_exact(const ProductExact& p) { multiply_records(p, ExactTile<Avx2>::kSteps); }
