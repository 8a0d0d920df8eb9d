#pragma once
#include "rt/cpu_features.hpp"

namespace rt {

inline constexpr CpuFeatures kAvx2{1};    // and F16C, which every such processor has
inline constexpr CpuFeatures kAvx512{2};  // F, BW, DQ and VL
inline constexpr CpuFeatures kAvx512Vnni{4};
inline constexpr CpuFeatures kAvxVnni{8};

}  // namespace rt
