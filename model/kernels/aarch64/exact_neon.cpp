// Exact products with NEON: four rows in a register.
#include <arm_neon.h>

#include "model/kernels/aarch64/shared.hpp"
#include "model/kernels/exact_tile.hpp"

namespace {

struct Neon : Lanes<4> {
  TILE Ints add_pairs(Ints sum, Ints w, Ints x) {
    const int16x8_t a = (int16x8_t)w, b = (int16x8_t)x;
    return sum + (Ints)vpaddq_s32(vmull_s16(vget_low_s16(a), vget_low_s16(b)), vmull_high_s16(a, b));
  }
  TILE Longs multiply(Ints a, Ints b) {
    return (Longs)vmull_s32(vmovn_s64((int64x2_t)a), vmovn_s64((int64x2_t)b));
  }
  TILE Floats halves(const uint8_t* from) {
    float16x4_t four;
    __builtin_memcpy(&four, from, sizeof four);
    return (Floats)vcvt_f32_f16(four) * 0x1p24f;
  }
};

}  // namespace

void model::neon_multiply_exact(const ProductExact& p) { multiply_records(p, ExactTile<Neon>::kSteps); }
