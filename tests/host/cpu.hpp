#pragma once
#include <cstdint>

#include "model/kernels/kernels.hpp"

namespace test {

/// What this machine and its operating system let a program use, as model::Feature bits.
inline uint32_t cpu_features() {
  uint32_t features = model::kNoFeature;
  if (__builtin_cpu_supports("avx2")) features |= model::kAvx2;
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq"))
    features |= model::kAvx512;
  if ((features & model::kAvx512) && __builtin_cpu_supports("avx512vnni"))
    features |= model::kVnni;
  return features;
}

}  // namespace test
