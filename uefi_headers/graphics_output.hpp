#pragma once
#include "uefi_headers/types.hpp"

namespace uefi {

/// UEFI 2.10 §12.9, EFI_GRAPHICS_OUTPUT_PROTOCOL. Nothing of it is called: that it is there tells that
/// the console is on a screen.
struct GraphicsOutput {
  static constexpr Guid kGuid = guid("9042a9de-23dc-4a38-96fb-7aded080516a");

  Unused query_mode, set_mode, blt;
  void* mode;
};
static_assert(sizeof(GraphicsOutput) == 32);

}  // namespace uefi
