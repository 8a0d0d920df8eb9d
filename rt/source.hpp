#pragma once
#include "rt/result.hpp"

namespace rt {

/// The error of a source that knows one file, where a model is in `count`.
Result<void> no_parts(Text name, uint32_t count);

/// A file, read once from front to back: on firmware a file on a volume, in tests a buffer or a
/// host file, in the standalone program a part of the image.
class ByteSource {
 public:
  /// What to call it in messages.
  virtual Text name() const = 0;
  /// Its length in bytes.
  virtual uint64_t size() const = 0;
  /// The next bytes, at least one and at most `most` (> 0), valid until the next call. Asking past
  /// the end is an error, and so is a medium that ends before size().
  virtual Result<Span<const uint8_t>> next(uint64_t most) = 0;
  /// Goes on at the start of file `number`, from 0, of the `count` that the first file says there are of it: name(),
  /// size() and next() are about that one from here on. Where a source knows only one file, that is an error.
  virtual Result<void> open_part(uint32_t, uint32_t count) { return no_parts(name(), count); }

 protected:
  ~ByteSource() = default;
};

/// Copies the next `n` bytes of the source to `to`.
Result<void> read_exactly(ByteSource& source, void* to, uint64_t n);

/// A file that is in memory already.
class MemorySource final : public ByteSource {
 public:
  MemorySource(Text name, Span<const uint8_t> bytes) : name_(name), bytes_(bytes) {}

  Text name() const override { return name_; }
  uint64_t size() const override { return bytes_.count; }
  Result<Span<const uint8_t>> next(uint64_t most) override;

 private:
  Text name_;
  Span<const uint8_t> bytes_;
  uint64_t at_ = 0;
};

}  // namespace rt
