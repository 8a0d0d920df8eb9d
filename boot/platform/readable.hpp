#pragma once
#include "rt/arena.hpp"
#include "rt/source.hpp"

namespace platform {

/// An open file, wherever its bytes come from: read once, from front to back. Every error is a sentence that begins
/// with its name.
class Readable {
 public:
  virtual rt::Text name() const = 0;
  /// Its length in bytes.
  virtual uint64_t size() const = 0;
  /// Bytes that were read.
  virtual uint64_t position() const = 0;
  /// Reads on into `into` (not empty); returns how many bytes, at most what is left of the file. 0: the medium has no
  /// more. May return fewer than there is room for.
  virtual rt::Result<uint64_t> read(rt::Span<uint8_t> into) = 0;
  /// Gives back what it takes, this object included where nobody else owns it.
  virtual void close() {}

  /// The whole file; Errc::bad_file if it has more than `most` bytes or fewer than its size.
  rt::Result<rt::Span<uint8_t>> read_all(rt::Arena& arena, uint64_t most);

 protected:
  ~Readable() = default;
};

/// A file for the model loader: in pieces of a buffer's size.
class FileSource final : public rt::ByteSource {
 public:
  /// Reads `file` through `buffer`. Both must outlive this.
  FileSource(Readable& file, rt::Span<uint8_t> buffer) : file_(&file), buffer_(buffer) {}
  /// Another file takes the place of the old one.
  void go_on_with(Readable& file) {
    file_ = &file;
    ready_ = {};
  }

  rt::Text name() const override { return file_->name(); }
  uint64_t size() const override { return file_->size(); }
  rt::Result<rt::Span<const uint8_t>> next(uint64_t most) override;

 private:
  Readable* file_;
  rt::Span<uint8_t> buffer_;
  rt::Span<const uint8_t> ready_;  // read, not handed out yet
};

}  // namespace platform
