#pragma once
#include "boot/platform/readable.hpp"
#include "uefi_headers/file.hpp"

namespace platform {

/// The most bytes of one Read or Write call. Larger ones fail on some firmware, for good; smaller
/// ones are slow everywhere.
inline constexpr uint64_t kMaxTransfer = 512 * 1024;

/// What EFI_FILE_PROTOCOL.GetInfo() and Read() on a directory fill in.
struct alignas(8) FileInfoBuffer {
  static constexpr uint64_t kLongest = 255;  // the longest name of FAT, NTFS, ext4 and UDF

  uefi::FileInfo info;
  uefi::Char16 name[kLongest + 1];
};

/// Owns what EFI_FILE_PROTOCOL.Open() gave: closes it when destroyed.
class FileHandle {
 public:
  explicit FileHandle(uefi::FileProtocol* raw = nullptr) : raw_(raw) {}
  FileHandle(FileHandle&& other) : raw_(other.raw_) { other.raw_ = nullptr; }
  FileHandle& operator=(FileHandle&& other);
  ~FileHandle() { close(); }

  uefi::FileProtocol* get() const { return raw_; }
  /// The handle, no longer owned: for calls that close it themselves.
  uefi::FileProtocol* release();

 private:
  void close();

  uefi::FileProtocol* raw_;
};

/// A file on a volume. UEFI 2.10 §13.5.
class File final : public Readable {
 public:
  File() = default;
  /// `size`: the file's length in bytes. Volume::open() fills it in.
  File(FileHandle handle, rt::Text name, uint64_t size);

  explicit operator bool() const { return handle_.get() != nullptr; }
  /// What open() was asked for, cut after 79 bytes.
  rt::Text name() const override { return name_; }
  uint64_t size() const override { return size_; }
  uint64_t position() const override { return position_; }

  /// Fills `into` from the position on; returns the bytes read, which are fewer than `into.count`
  /// only where the medium has no more. Quick if `into` begins on a page.
  rt::Result<uint64_t> read(rt::Span<uint8_t> into) override;

 private:
  FileHandle handle_;
  uint64_t size_ = 0;
  uint64_t position_ = 0;
  char name_[80] = {};
};

}  // namespace platform
