#pragma once
#include "rt/cpu_features.hpp"

namespace rt {

inline constexpr CpuFeatures kAvx2{1};    // and F16C, which every such processor has
inline constexpr CpuFeatures kAvxVnni{2};
inline constexpr CpuFeatures kAvx512Vnni{4};  // and F, BW, DQ and VL of AVX-512

}  // namespace rt
