#include "model/formats/stream.hpp"

#include "rt/format.hpp"
#include "rt/memory.hpp"

namespace model {
namespace {
constexpr uint64_t kPiece = 512 * 1024;  // the most that is asked of the source at once
}

const rt::Error& Stream::refuse(uint64_t offset, const char* what, ...) const {
  char text[240];
  va_list arguments;
  va_start(arguments, what);
  const rt::Text own = name(), filled = rt::vprint_to({text, sizeof text}, what, arguments);
  va_end(arguments);
  return rt::fail(rt::Errc::bad_file, offset, "%pT: %pT", &own, &filled);
}

const rt::Error& Stream::ends_early(uint64_t n) const {
  return refuse(position(), "the file ends after %'llu bytes, %'llu more are wanted; copy it again",
                static_cast<unsigned long long>(size()), static_cast<unsigned long long>(n - left_));
}

/// Sees to it that piece_ is not empty.
rt::Result<void> Stream::refill() {
  if (!piece_.empty()) return {};
  rt::Result<rt::Span<const uint8_t>> piece = source_.next(rt::min(kPiece, left_ - ahead_.count));
  if (!piece) return piece.error();
  piece_ = *piece;
  return {};
}

rt::Result<rt::Span<const uint8_t>> Stream::peek(uint64_t n) {
  n = rt::min(n, left_);
  if (ahead_.count >= n) return ahead_.part(0, n);
  // What was peeked at before goes to the front, and more behind it.
  rt::move_bytes(peeked_, ahead_.data, ahead_.count);
  ahead_ = {peeked_, ahead_.count};
  while (ahead_.count < n) {
    if (rt::Result<void> more = refill(); !more) return more.error();
    const uint64_t some = rt::min(n - ahead_.count, piece_.count);
    rt::copy_bytes(peeked_ + ahead_.count, piece_.data, some);
    piece_ = piece_.from(some);
    ahead_.count += some;
  }
  return ahead_;
}

/// The next `n` bytes, copied to `to` where that is not null.
rt::Result<void> Stream::consume(uint8_t* to, uint64_t n) {
  if (n > left_) return ends_early(n);
  while (n) {
    rt::Span<const uint8_t>& from = ahead_.empty() ? piece_ : ahead_;
    if (from.empty())
      if (rt::Result<void> more = refill(); !more) return more;
    const uint64_t some = rt::min(n, from.count);
    if (to) {
      rt::copy_bytes(to, from.data, some);
      to += some;
    }
    from = from.from(some);
    left_ -= some;
    n -= some;
  }
  return {};
}

rt::Result<void> Stream::open_part(uint32_t number, uint32_t count) {
  if (rt::Result<void> done = source_.open_part(number, count); !done) return done;
  piece_ = ahead_ = {};
  left_ = source_.size();
  return {};
}

rt::Result<const uint8_t*> Stream::take(uint64_t n) {
  if (n > left_) return ends_early(n);
  if (ahead_.empty() && n)
    if (rt::Result<void> more = refill(); !more) return more.error();
  const bool together = ahead_.empty() && piece_.count >= n;
  if (together && reinterpret_cast<uint64_t>(piece_.data) % alignof(float) == 0) {
    const uint8_t* at = piece_.data;
    piece_ = piece_.from(n);
    left_ -= n;
    return at;
  }
  if (rt::Result<void> done = read(bounce_.data, n); !done) return done.error();
  return bounce_.data;
}

}  // namespace model
