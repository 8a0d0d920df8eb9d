#pragma once
#include "model/kernels/shared.hpp"
#include "rt/x86_64/features.hpp"

namespace model {

extern const Kernels kSse2Kernels, kAvx2Kernels, kAvx512VnniKernels, kAvxVnniKernels, kSwarKernels;

// Kernels that more than one set uses: where other instructions would gain nothing.

void sse2_multiply_f32(const ProductF32&);
void sse2_quantize(const Quantization&);
void sse2_score(const Head&);
void sse2_mix(const Head&);
void sse2_exp(float* x, uint32_t n, float shift);

void sse2_multiply_exact(const ProductExact&);
void avx2_multiply_exact(const ProductExact&);
void avx512vnni_multiply_exact(const ProductExact&);

void avx2_multiply_f32(const ProductF32&);
void avx2_multiply_q8(const ProductQ8&);
void avx2_score(const Head&);
void avx2_mix(const Head&);
void avx2_exp(float* x, uint32_t n, float shift);

}  // namespace model
