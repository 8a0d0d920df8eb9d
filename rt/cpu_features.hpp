#pragma once

namespace rt {

/// Vector instructions beyond the architecture's base that code may use now: the processor has them,
/// and the state that they need is switched on. The platform fills this in, kernels state what they need.
struct CpuFeatures {
  bool avx2 = false;    // and F16C, which every such processor has
  bool avx512 = false;  // F, BW, DQ and VL
  bool avx512_vnni = false;
  bool avx_vnni = false;

  /// Is everything here that `needs` asks for?
  constexpr bool cover(CpuFeatures needs) const {
    return (avx2 || !needs.avx2) && (avx512 || !needs.avx512) && (avx512_vnni || !needs.avx512_vnni) &&
           (avx_vnni || !needs.avx_vnni);
  }
  bool operator==(const CpuFeatures&) const = default;
};

}  // namespace rt
