#pragma once
#if defined(__x86_64__)
#include <cpuid.h>
#endif

#include "rt/cpu_features.hpp"

namespace test {

/// What this machine and its operating system let a program use, beyond the base.
inline rt::CpuFeatures cpu_features() {
  rt::CpuFeatures features{.avx2 = __builtin_cpu_supports("avx2") != 0};
  features.avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                    __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq");
  features.avx512_vnni = features.avx512 && __builtin_cpu_supports("avx512vnni");
#if defined(__x86_64__)
  unsigned a = 0, b = 0, c = 0, d = 0;
  features.avx_vnni = features.avx2 && __get_cpuid_count(7, 1, &a, &b, &c, &d) && (a >> 4 & 1);
#endif
  return features;
}

}  // namespace test
