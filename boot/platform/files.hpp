#pragma once
#include "rt/source.hpp"
#include "rt/arena.hpp"
#include "rt/result.hpp"
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

/// An open file. Every error is a sentence that begins with its name. UEFI 2.10 §13.5.
class File {
 public:
  File() = default;
  /// `size`: the file's length in bytes. Volume::open() fills it in.
  File(FileHandle handle, rt::Text name, uint64_t size);

  explicit operator bool() const { return handle_.get() != nullptr; }
  /// What open() was asked for, cut after 79 bytes.
  rt::Text name() const { return name_; }
  uint64_t size() const { return size_; }
  uint64_t position() const { return position_; }

  /// Fills `into` from the position on; returns the bytes read, which are fewer than `into.count`
  /// only where the medium has no more. Quick if `into` begins on a page.
  rt::Result<uint64_t> read(rt::Span<uint8_t> into);
  /// Reads the whole file from the start; Errc::bad_file if it has more than `most` bytes or
  /// fewer than its size.
  rt::Result<rt::Span<uint8_t>> read_all(rt::Arena& arena, uint64_t most);
  /// Bytes from the start.
  rt::Result<void> seek(uint64_t position);

 private:
  FileHandle handle_;
  uint64_t size_ = 0;
  uint64_t position_ = 0;
  char name_[80] = {};
};

/// A file for the model loader: read from front to back in pieces of a buffer's size.
class FileSource final : public rt::ByteSource {
 public:
  /// Reads `file` from its position on through `buffer`: best kMaxTransfer bytes from Pages.
  /// Both must outlive this.
  FileSource(File& file, rt::Span<uint8_t> buffer) : file_(file), buffer_(buffer) {}

  rt::Text name() const override { return file_.name(); }
  uint64_t size() const override { return file_.size(); }
  rt::Result<rt::Span<const uint8_t>> next(uint64_t most) override;

 private:
  File& file_;
  rt::Span<uint8_t> buffer_;
  rt::Span<const uint8_t> ready_;  // read, not handed out yet
};

}  // namespace platform
