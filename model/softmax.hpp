#pragma once
#include "model/kernels/kernels.hpp"

namespace model {

/// x[i] = e^(x[i] - max) / sum, in place; n > 0. The sum is taken in ascending order.
void softmax(const Kernels& kernels, float* x, uint32_t n);

}  // namespace model
