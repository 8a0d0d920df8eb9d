#pragma once
#include "rt/source.hpp"

namespace model {

/// A file on its way in, read once from front to back: records of any size out of the pieces that a
/// ByteSource hands out. Never asks the source for a byte twice, nor for one behind its size().
class Stream {
 public:
  /// The most that peek() shows.
  static constexpr uint64_t kPeek = 64;

  explicit Stream(rt::ByteSource& source) : source_(source), left_(source.size()) {}

  /// The name and the length of the file.
  rt::Text name() const { return source_.name(); }
  uint64_t size() const { return source_.size(); }
  /// The bytes that were consumed, and those that are still to come.
  uint64_t position() const { return size() - left_; }
  uint64_t left() const { return left_; }

  /// The error that the file is no good: its name and what is wrong with it. `offset`: where.
  [[gnu::format(printf, 3, 4)]] const rt::Error& refuse(uint64_t offset, const char* what, ...) const;

  /// The next `n` (at most kPeek) bytes, which are not consumed; fewer where the file ends before.
  /// Valid until the next call.
  rt::Result<rt::Span<const uint8_t>> peek(uint64_t n);
  /// Copies the next `n` bytes to `to`.
  rt::Result<void> read(void* to, uint64_t n) { return consume(static_cast<uint8_t*>(to), n); }
  template <class T>
  rt::Result<T> read() {
    T value{};
    rt::Result<void> done = read(&value, sizeof value);
    if (!done) return done.error();
    return value;
  }
  rt::Result<void> skip(uint64_t n) { return consume(nullptr, n); }

  /// Goes on at the start of another of a model's files (rt::ByteSource::open_part).
  rt::Result<void> open_part(uint32_t number, uint32_t count);

  /// What take() gathers records in that come in several pieces.
  void set_bounce(rt::Span<uint8_t> bounce) { bounce_ = bounce; }
  /// The next `n` bytes, at most as many as the bounce buffer has, in one piece and at an address for
  /// floats. Valid until the next call.
  rt::Result<const uint8_t*> take(uint64_t n);

 private:
  rt::Result<void> refill();
  rt::Result<void> consume(uint8_t* to, uint64_t n);
  const rt::Error& ends_early(uint64_t n) const;

  rt::ByteSource& source_;
  rt::Span<uint8_t> bounce_;
  rt::Span<const uint8_t> piece_;  // of the source, not consumed yet
  uint64_t left_;                  // to the end of the file
  uint8_t peeked_[kPeek];          // comes before piece_
  rt::Span<const uint8_t> ahead_;  // of peeked_, not consumed yet
};

}  // namespace model
