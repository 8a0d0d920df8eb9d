#pragma once
#include "boot/platform/medium.hpp"
#include "boot/terminal.hpp"
#include "rt/sha256.hpp"
#include "rt/source.hpp"

namespace boot {

/// A model's files on their way into memory, whose SHA-256 is taken as they pass (FIPS 180-4): no second read. What
/// NAME.sha256 beside the file NAME says must be so.
class Verified final : public rt::ByteSource {
 public:
  /// `path`: of the first file, in `place`; where that has no medium, there is no NAME.sha256. `always`: the sum is
  /// taken, and shown, where nobody says what it must be, too.
  Verified(rt::ByteSource& source, const platform::Place& place, rt::Text path, bool always, const Terminal& terminal)
      : source_(source), place_(place), path_(path), always_(always), terminal_(terminal) {}

  /// Before the first next(): looks for NAME.sha256. That it is not there must be certain: a sum that cannot be read is
  /// an error.
  rt::Result<void> begin() { return find_sum(path_); }
  /// After the last: the sum of the file, as far as it was read.
  rt::Result<void> finish();

  rt::Text name() const override { return source_.name(); }
  uint64_t size() const override { return source_.size(); }
  rt::Result<rt::Span<const uint8_t>> next(uint64_t most) override;
  rt::Result<void> open_part(uint32_t number, uint32_t count) override;

 private:
  rt::Result<void> find_sum(const rt::Text& path);
  bool wanted() const { return always_ || expected_[0]; }

  rt::ByteSource& source_;
  platform::Place place_;
  rt::Text path_;
  bool always_;
  const Terminal& terminal_;
  rt::Sha256 hash_;
  bool loading_ = false;    // not the heads any more
  char expected_[64] = {};  // what its sum must be; empty: nobody says
};

/// The sum in a file as sha256sum writes it ("digits  name"): its first word in lower case, in
/// `buffer`; an error where that is no SHA-256.
rt::Result<rt::Text> expected_sum(rt::Text name, rt::Text content, rt::Span<char> buffer);

}  // namespace boot
