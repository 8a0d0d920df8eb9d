#pragma once
#include "rt/cpu_features.hpp"

namespace test {

/// What this machine and its operating system let a program use, beyond the base. Each architecture has its own.
rt::CpuFeatures cpu_features();

}  // namespace test
