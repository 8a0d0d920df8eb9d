#pragma once
#include "rt/result.hpp"

namespace rt {

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
