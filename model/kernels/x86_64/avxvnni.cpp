// AVX-VNNI, which clients have that lack AVX-512: AVX2, and in exact products a multiplication that adds to its sum.
#include "model/kernels/x86_64/exact_eight.hpp"
#include "model/kernels/x86_64/shared.hpp"

namespace {

struct AvxVnni : EightRows {
  TILE Ints add_pairs(Ints sum, Ints w, Ints x) {
    return (Ints)_mm256_dpwssd_avx_epi32((__m256i)sum, (__m256i)w, (__m256i)x);
  }
};

void multiply_exact(const model::ProductExact& p) { model::multiply_records(p, ExactTile<AvxVnni>::kSteps); }

}  // namespace

constinit const model::Kernels model::kAvxVnniKernels = {
    "avxvnni",            rt::kAvx2 | rt::kAvxVnni, model::avx2_multiply_f32, model::avx2_multiply_q8,
    multiply_exact, model::sse2_quantize, model::avx2_score, model::avx2_mix, model::avx2_exp};
