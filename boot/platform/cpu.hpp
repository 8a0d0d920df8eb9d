#pragma once
#include <stdint.h>

#include "rt/cpu_features.hpp"

namespace platform {

/// The vector state of one processor: float arithmetic rounds as UEFI has it, and vectors are switched on as far as the
/// processor allows. restore() puts back both.
class VectorState {
 public:
  VectorState() = default;
  VectorState(const VectorState&) = delete;
  ~VectorState() { restore(); }

  /// Switches on what there is on the processor that this runs on. Returns what code may use from now on.
  rt::CpuFeatures enable();
  /// Control registers as they were. On the same processor.
  void restore();

 private:
  struct Kept {
    bool saved = false, enabled = false;
    uint64_t float_control = 0;            // x86-64: MXCSR
    uint64_t control = 0, features = 0;  // x86-64: CR4, XCR0
  };
  Kept kept_;
};

/// The processor's name, such as "AMD EPYC 9R14", without the spaces around it.
struct CpuName {
  CpuName();
  const char* text;

 private:
  char buffer_[49];
};

}  // namespace platform
