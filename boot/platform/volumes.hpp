#pragma once
#include "boot/platform/files.hpp"

namespace platform {

/// What a volume is on, or the network that the program came from; null: nothing.
using Device = uefi::Handle;

/// One entry of a directory.
struct DirectoryEntry {
  char name[768];  // UTF-8, terminated
  uint64_t size;   // bytes
  bool directory;
};

/// An open directory; its entries come in the volume's order, without "." and "..".
class Directory {
 public:
  Directory() = default;
  Directory(FileHandle handle, rt::Text name);

  /// The next entry; false after the last one.
  rt::Result<bool> next(DirectoryEntry& entry);

 private:
  FileHandle handle_;
  char name_[80] = {};
};

/// A file system. Paths are UTF-8 from its root, parted by / or \, at most 255 bytes.
class Volume {
 public:
  Volume() = default;
  /// The file system on `device`. UEFI 2.10 §13.4 EFI_SIMPLE_FILE_SYSTEM_PROTOCOL.OpenVolume().
  static rt::Result<Volume> open(Device device);

  /// Opens a file for reading. Errc::not_found where there is none.
  rt::Result<File> open_file(const rt::Text& path);
  /// "" and "/" are the root.
  rt::Result<Directory> open_directory(const rt::Text& path);
  /// What is at `path`, in one of the modes of EFI_FILE_PROTOCOL.Open(): for this folder's own use.
  rt::Result<FileHandle> open_handle(const rt::Text& path, uint64_t mode);

 private:
  explicit Volume(FileHandle root) : root_(static_cast<FileHandle&&>(root)) {}  FileHandle root_;
};

/// The device that the program was loaded from; null if it came out of the network or of memory.
Device boot_device();

/// The devices with a file system that are there now, boot_device() first; of more than 64 the first ones.
class DeviceList {
 public:
  /// UEFI 2.10 §7.3 EFI_BOOT_SERVICES.LocateHandleBuffer().
  DeviceList();
  rt::Span<const Device> all() const { return {devices_, count_}; }

 private:
  static constexpr uint64_t kMost = 64;

  Device devices_[kMost];
  uint64_t count_ = 0;
};

/// Opens `path` for reading on the first of `devices` that has it, which is then `*found_on`. Where
/// none has it, the error is Errc::not_found if all of them could be searched, else what went wrong.
rt::Result<File> open_on_any(rt::Span<const Device> devices, rt::Text path, Device* found_on = nullptr);

}  // namespace platform
