#pragma once
#include "uefi_headers/file.hpp"
#include "uefi_headers/status.hpp"
#include "uefi_headers/types.hpp"

namespace uefi {

/// UEFI 2.10 §13.4, EFI_SIMPLE_FILE_SYSTEM_PROTOCOL: one volume.
struct SimpleFileSystem {
  static constexpr Guid kGuid = guid("964e5b22-6459-11d2-8e39-00a0c969723b");

  uint64_t revision;
  Status (*open_volume)(SimpleFileSystem* self, FileProtocol** root);
};
static_assert(offsetof(SimpleFileSystem, open_volume) == 8);
static_assert(sizeof(SimpleFileSystem) == 16);

}  // namespace uefi
