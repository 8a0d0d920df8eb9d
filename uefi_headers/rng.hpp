#pragma once
#include "uefi_headers/status.hpp"
#include "uefi_headers/types.hpp"

namespace uefi {

/// UEFI 2.10 §37.5, EFI_RNG_PROTOCOL.
struct Rng {
  static constexpr Guid kGuid = guid("3152bca5-eade-433d-862e-c01cdc291f44");

  Unused get_info;
  /// A null algorithm is the firmware's default. not_ready: not enough entropy yet.
  Status (*get_rng)(Rng* self, const Guid* algorithm, Uintn bytes, uint8_t* value);
};
static_assert(offsetof(Rng, get_rng) == 8);
static_assert(sizeof(Rng) == 16);

}  // namespace uefi
