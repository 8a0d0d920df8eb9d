#pragma once
#include "model/kernels/shared.hpp"
#include "rt/aarch64/features.hpp"

namespace model {

extern const Kernels kNeonKernels, kNeonDotKernels, kSwarKernels;

// Kernels that more than one set uses: where other instructions would gain nothing.
void neon_multiply_f32(const ProductF32&);
void neon_multiply_exact(const ProductExact&);
void neon_quantize(const Quantization&);
void neon_score(const Head&);
void neon_mix(const Head&);
void neon_exp(float* x, uint32_t n, float shift);

}  // namespace model
