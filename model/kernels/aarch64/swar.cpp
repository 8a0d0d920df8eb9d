// SWAR: integer products on general registers, for machines that are emulated. Float kernels are NEON's.
#include "model/kernels/aarch64/shared.hpp"

constinit const model::Kernels model::kSwarKernels = {
    "swar",               {}, model::neon_multiply_f32, model::swar_multiply_q8, model::swar_multiply_exact,
    model::neon_quantize, model::neon_score, model::neon_mix, model::neon_exp};
