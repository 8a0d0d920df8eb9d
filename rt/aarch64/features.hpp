#pragma once
#include "rt/cpu_features.hpp"

namespace rt {

inline constexpr CpuFeatures kDotProduct{1};  // FEAT_DotProd: SDOT, four products of bytes into a sum of 32 bits

}  // namespace rt
