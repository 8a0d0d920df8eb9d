#pragma once
#include "uefi_headers/status.hpp"
#include "uefi_headers/types.hpp"

namespace uefi {

/// UEFI 2.10 §13.5, EFI_FILE_PROTOCOL.Open(): modes. Only these three sums are valid:
/// read; read | write; read | write | create.
inline constexpr uint64_t kFileModeRead = 0x0000000000000001;
inline constexpr uint64_t kFileModeWrite = 0x0000000000000002;
inline constexpr uint64_t kFileModeCreate = 0x8000000000000000;

/// UEFI 2.10 §13.5, EFI_FILE_PROTOCOL.Open(): attributes.
inline constexpr uint64_t kFileReadOnly = 0x01;
inline constexpr uint64_t kFileHidden = 0x02;
inline constexpr uint64_t kFileSystem = 0x04;
inline constexpr uint64_t kFileReserved = 0x08;
inline constexpr uint64_t kFileDirectory = 0x10;
inline constexpr uint64_t kFileArchive = 0x20;

/// UEFI 2.10 §13.5, EFI_FILE_INFO. The name, zero-terminated UCS-2, follows the struct.
struct FileInfo {
  static constexpr Guid kGuid = guid("09576e92-6d3f-11d2-8e39-00a0c969723b");

  uint64_t size;  // of this structure with the name, bytes
  uint64_t file_size;
  uint64_t physical_size;
  Time create_time;
  Time last_access_time;
  Time modification_time;
  uint64_t attribute;

  const Char16* file_name() const { return reinterpret_cast<const Char16*>(this + 1); }
};
static_assert(offsetof(FileInfo, file_size) == 8);
static_assert(offsetof(FileInfo, create_time) == 24);
static_assert(offsetof(FileInfo, attribute) == 72);
static_assert(sizeof(FileInfo) == 80);  // where the spec's FileName[] begins

/// UEFI 2.10 §13.5, EFI_FILE_SYSTEM_INFO. The label, zero-terminated UCS-2, follows block_size.
struct FileSystemInfo {
  static constexpr Guid kGuid = guid("09576e93-6d3f-11d2-8e39-00a0c969723b");

  uint64_t size;  // of this structure with the label, bytes
  Boolean read_only;
  uint64_t volume_size;  // bytes
  uint64_t free_space;   // bytes
  uint32_t block_size;   // bytes
  Char16 label_begin[2];
};
static_assert(offsetof(FileSystemInfo, volume_size) == 16);
static_assert(offsetof(FileSystemInfo, free_space) == 24);
static_assert(offsetof(FileSystemInfo, block_size) == 32);
static_assert(offsetof(FileSystemInfo, label_begin) == 36);
static_assert(sizeof(FileSystemInfo) == 40);

/// UEFI 2.10 §13.5, EFI_FILE_PROTOCOL: an open file or directory.
struct FileProtocol {
  static constexpr uint64_t kRevision1 = 0x00010000;  // ends after flush
  static constexpr uint64_t kRevision2 = 0x00020000;

  uint64_t revision;
  Status (*open)(FileProtocol* self, FileProtocol** opened, const Char16* name, uint64_t mode,
                 uint64_t attributes);
  Status (*close)(FileProtocol* self);
  Status (*delete_file)(FileProtocol* self);  // closes it too
  Status (*read)(FileProtocol* self, Uintn* bytes, void* buffer);
  Status (*write)(FileProtocol* self, Uintn* bytes, const void* buffer);
  Status (*get_position)(FileProtocol* self, uint64_t* position);
  Status (*set_position)(FileProtocol* self, uint64_t position);  // ~0: the end
  Status (*get_info)(FileProtocol* self, const Guid* information, Uintn* bytes, void* buffer);
  Status (*set_info)(FileProtocol* self, const Guid* information, Uintn bytes, const void* buffer);
  Status (*flush)(FileProtocol* self);
  Unused open_ex, read_ex, write_ex, flush_ex;  // kRevision2 only
};
static_assert(offsetof(FileProtocol, open) == 8);
static_assert(offsetof(FileProtocol, close) == 16);
static_assert(offsetof(FileProtocol, delete_file) == 24);
static_assert(offsetof(FileProtocol, read) == 32);
static_assert(offsetof(FileProtocol, write) == 40);
static_assert(offsetof(FileProtocol, get_position) == 48);
static_assert(offsetof(FileProtocol, set_position) == 56);
static_assert(offsetof(FileProtocol, get_info) == 64);
static_assert(offsetof(FileProtocol, set_info) == 72);
static_assert(offsetof(FileProtocol, flush) == 80);
static_assert(sizeof(FileProtocol) == 120);

}  // namespace uefi
