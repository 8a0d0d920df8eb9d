#include "tests/host/cpu.hpp"

#include <cpuid.h>

#include "rt/x86_64/features.hpp"

rt::CpuFeatures test::cpu_features() {
  const auto only_if = rt::CpuFeatures::only_if;
  const bool avx2 = __builtin_cpu_supports("avx2") != 0;
  const bool avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                      __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq");
  unsigned a = 0, b = 0, c = 0, d = 0;
  const bool avx_vnni = avx2 && __get_cpuid_count(7, 1, &a, &b, &c, &d) && (a >> 4 & 1);
  return only_if(avx2, rt::kAvx2) |
         only_if(avx512 && __builtin_cpu_supports("avx512vnni"), rt::kAvx512Vnni) | only_if(avx_vnni, rt::kAvxVnni);
}
