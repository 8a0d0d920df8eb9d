#pragma once
#include <memory>

#include "rt/source.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace fuzz {

/// A file that comes in pieces of sizes that the input chose. It may claim another length than it
/// has: what is missing are its own bytes again, up to where the medium breaks. Each piece lies in
/// a heap block of its own, which is gone when the next is asked for.
class Source final : public rt::ByteSource {
 public:
  /// `bytes` may be empty only where `size` is 0.
  Source(const std::vector<uint8_t>& bytes, uint64_t size, uint64_t breaks_at, uint64_t piece)
      : bytes_(bytes), size_(size), end_(rt::min(size, breaks_at)), piece_size_(piece) {}

  rt::Text name() const override { return "made.bin"; }
  uint64_t size() const override { return size_; }
  rt::Result<rt::Span<const uint8_t>> next(uint64_t most) override {
    must(most > 0, "a source is asked for at least one byte");
    piece_.reset();
    if (at_ >= end_) return rt::fail(rt::Errc::firmware, at_, "made.bin: the medium is broken");
    const uint64_t n = rt::min(rt::min(most, piece_size_), end_ - at_);
    // At every address modulo 8 in turn; the last byte is always the last of its heap block.
    piece_ = std::make_unique<test::Exact<uint8_t>>(n, turn_++ % 8);
    for (uint64_t done = 0; done < n;) {
      const uint64_t from = (at_ + done) % bytes_.size();
      const uint64_t run = rt::min(n - done, bytes_.size() - from);
      std::memcpy(piece_->data() + done, &bytes_[from], run);
      done += run;
    }
    at_ += n;
    return rt::Span<const uint8_t>{piece_->data(), n};
  }
  uint64_t position() const { return at_; }

 private:
  const std::vector<uint8_t>& bytes_;
  uint64_t size_, end_, piece_size_, at_ = 0, turn_ = 0;
  std::unique_ptr<test::Exact<uint8_t>> piece_;
};

}  // namespace fuzz
