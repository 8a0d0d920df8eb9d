#pragma once
#include "rt/source.hpp"
#include "rt/sha256.hpp"

namespace boot {

/// A file on its way into memory whose SHA-256 is taken as it passes (FIPS 180-4): no second read.
class Hashing final : public rt::ByteSource {
 public:
  explicit Hashing(rt::ByteSource& source) : source_(source) {}

  rt::Text name() const override { return source_.name(); }
  uint64_t size() const override { return source_.size(); }
  rt::Result<rt::Span<const uint8_t>> next(uint64_t most) override;

  /// The sum of everything that was handed out, as 64 hexadecimal digits. Once.
  rt::Text sum();

 private:
  rt::ByteSource& source_;
  rt::Sha256 hash_;
  char digits_[65];
};

/// The sum in a file as sha256sum writes it ("digits  name"): its first word in lower case, in
/// `buffer`; an error where that is no SHA-256.
rt::Result<rt::Text> expected_sum(rt::Text name, rt::Text content, rt::Span<char> buffer);

}  // namespace boot
