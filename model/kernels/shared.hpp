#pragma once
#include "model/kernels/kernels.hpp"

// Kernels that more than one set uses: where a wider register would gain nothing.
namespace model {

void sse2_quantize(const Quantization&);
void sse2_exp(float* x, uint32_t n, float shift);

// SSE2's with every vector loaded as two halves.
void halves_multiply_f32(const ProductF32&);
void halves_score(const Head&);
void halves_mix(const Head&);

void avx512_multiply_f32(const ProductF32&);
void avx512_score(const Head&);
void avx512_mix(const Head&);
void avx512_exp(float* x, uint32_t n, float shift);

}  // namespace model
