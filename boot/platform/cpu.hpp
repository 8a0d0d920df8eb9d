#pragma once
#include <stdint.h>

#include "rt/cpu_features.hpp"

namespace platform {

/// The vector state of one processor: MXCSR as UEFI has it, and vectors switched on as far as the processor and its
/// CPUID allow. restore() puts back both. Firmware leaves AVX off (CR4.OSXSAVE clear), and CPUID shows it all the same.
/// Intel SDM vol. 1 §13 and §15.2. Firmware's interrupt handlers save only SSE state and do not touch the rest.
class VectorState {
 public:
  VectorState() = default;
  VectorState(const VectorState&) = delete;
  ~VectorState() { restore(); }

  /// Switches on what there is on the processor that this runs on. Returns what code may use from now on.
  rt::CpuFeatures enable();
  /// Control registers and MXCSR as they were. On the same processor.
  void restore();

 private:
  bool saved_ = false, enabled_ = false;
  uint32_t mxcsr_ = 0;
  uint64_t cr4_ = 0, xcr0_ = 0;
};

/// The processor's name, such as "AMD EPYC 9R14", without the spaces around it.
struct CpuName {
  CpuName();
  const char* text;

 private:
  char buffer_[49];
};

}  // namespace platform
