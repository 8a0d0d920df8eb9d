#pragma once
#include "uefi_headers/status.hpp"
#include "uefi_headers/types.hpp"

namespace uefi {

/// UEFI 2.10 §12.8, EFI_SERIAL_IO_PROTOCOL. That it is there tells that the console may be on a serial line, too.
struct SerialIo {
  static constexpr Guid kGuid = guid("bb25cf6f-f1d4-11d2-9a0c-0090273fc1fd");

  uint32_t revision;
  Unused reset, set_attributes, set_control, get_control;
  Status (*write)(SerialIo* self, Uintn* bytes, const void* buffer);
  Unused read;
  void* mode;
};
static_assert(offsetof(SerialIo, write) == 40);
static_assert(sizeof(SerialIo) == 64);

}  // namespace uefi
