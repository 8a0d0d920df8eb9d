#pragma once
#include "model/kernels/kernels.hpp"

// Kernels in plain C++ that sets of every architecture use.
namespace model {

void scalar_multiply_exact(const ProductExact&);

void swar_multiply_q8(const ProductQ8&);
void swar_multiply_exact(const ProductExact&);

}  // namespace model
