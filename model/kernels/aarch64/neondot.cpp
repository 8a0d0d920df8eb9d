// Advanced SIMD with SDOT (FEAT_DotProd: optional from Armv8.2, always there from Armv8.4): four products of bytes of
// each of four rows in one instruction.
#include "model/kernels/aarch64/groups.hpp"
#include "model/kernels/aarch64/shared.hpp"

namespace {

struct Dot {
  int32x4_t rows{};

  TILE void add(Dot& sum, int8x16_t w, int8x16_t x) { sum.rows = vdotq_s32(sum.rows, w, x); }
  TILE int32x4_t total(const Dot& sum) { return sum.rows; }
};

}  // namespace

constinit const model::Kernels model::kNeonDotKernels = {
    "neondot",            rt::kDotProduct, model::neon_multiply_f32, multiply_groups<Dot>, model::neon_multiply_exact,
    model::neon_quantize, model::neon_score, model::neon_mix, model::neon_exp};
