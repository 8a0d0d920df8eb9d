#pragma once
#include <stdint.h>

#include "rt/span.hpp"

namespace rt {

/// What kind of thing went wrong; the sentence in Error says the rest.
enum class Errc : uint8_t {
  firmware, not_found, out_of_memory, bad_file, unsupported, usage, stopped
};

/// A failure on its way to the user. `text` is one complete sentence without a full stop: what
/// happened, in which file or device, what to do about it. `detail` keeps the raw cause: an EFI
/// status for Errc::firmware, a file offset for Errc::bad_file, bytes for Errc::out_of_memory.
struct Error {
  Error() { text[0] = 0; }  // the rest of the text is not worth clearing

  Errc code{};
  uint64_t detail = 0;
  char text[320];
};

/// Builds an Error whose sentence is `format` filled in as by printf (rt/format.hpp); a sentence
/// that does not fit is cut at a character's end.
[[gnu::format(printf, 3, 4)]] Error fail(Errc code, uint64_t detail, const char* format, ...);

/// A T, or the Error that says why there is none. T is default-constructible and cheap to move.
template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : value_(static_cast<T&&>(value)), ok_(true) {}
  Result(const Error& error) : error_(error) {}

  explicit operator bool() const { return ok_; }
  T& operator*() { return value_; }
  T* operator->() { return &value_; }
  const Error& error() const { return error_; }

 private:
  T value_{};
  Error error_{};
  bool ok_ = false;
};

/// Success without a value, or an Error.
template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(const Error& error) : error_(error), ok_(false) {}

  explicit operator bool() const { return ok_; }
  const Error& error() const { return error_; }

 private:
  Error error_{};
  bool ok_ = true;
};

}  // namespace rt
