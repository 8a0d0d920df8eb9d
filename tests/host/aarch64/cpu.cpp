#include "tests/host/cpu.hpp"

#include <asm/hwcap.h>
#include <sys/auxv.h>

#include "rt/aarch64/features.hpp"

rt::CpuFeatures test::cpu_features() {
  return rt::CpuFeatures::only_if(getauxval(AT_HWCAP) & HWCAP_ASIMDDP, rt::kDotProduct);
}
