#pragma once
#include <stdint.h>

namespace rt {

/// Vector instructions beyond the architecture's base that code may use now: the processor has them,
/// and the state that they need is switched on. The platform fills this in, kernels state what they need.
/// An architecture names its bits in a header of its own (x86_64/features.hpp, aarch64/features.hpp).
struct CpuFeatures {
  uint32_t bits = 0;

  /// Is everything here that `needs` asks for?
  constexpr bool cover(CpuFeatures needs) const { return !(needs.bits & ~bits); }
  constexpr CpuFeatures operator|(CpuFeatures more) const { return {bits | more.bits}; }
  /// `feature` where `there`, else none.
  static constexpr CpuFeatures only_if(bool there, CpuFeatures feature) { return there ? feature : CpuFeatures{}; }
  bool operator==(const CpuFeatures&) const = default;
};

}  // namespace rt
