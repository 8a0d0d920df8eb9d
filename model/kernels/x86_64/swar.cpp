// SWAR: integer products on general registers, for machines that are emulated. Float kernels are SSE2's.
#include "model/kernels/x86_64/shared.hpp"

constinit const model::Kernels model::kSwarKernels = {
    "swar",               {}, model::sse2_multiply_f32, model::swar_multiply_q8, model::swar_multiply_exact,
    model::sse2_quantize, model::sse2_score, model::sse2_mix,          model::sse2_exp};
