#pragma once
#include <stdint.h>

#include "rt/span.hpp"

namespace rt {

/// What kind of thing went wrong; the sentence in Error says the rest.
enum class Errc : uint8_t {
  firmware, not_found, out_of_memory, bad_file, unsupported, usage, stopped
};

template <class T> class Result;

/// A failure on its way to the user. `text` is one complete sentence without a full stop: what
/// happened, in which file or device, what to do about it. `detail` keeps the raw cause: an EFI
/// status for Errc::firmware, a file offset for Errc::bad_file, bytes for Errc::out_of_memory.
///
/// Errors live in a ring that holds the kNewestErrors newest ones, and are handed on by reference: a result costs a
/// pointer, not a sentence. Who holds on to one while other things are tried keeps a KeptError. Only the processor that
/// the program runs on makes errors.
struct Error {
  Errc code{};
  uint64_t detail = 0;
  char text[320] = {};

  Error(const Error&) = delete;
  Error& operator=(const Error&) = delete;

  template <class T>
  operator Result<T>() const { return Result<T>::failed(*this); }

 private:
  friend class KeptError;
  friend struct ErrorRing;
  constexpr Error() = default;
};

inline constexpr uint32_t kNewestErrors = 8;

/// Makes the newest Error. Its sentence is `format` filled in as by printf (rt/format.hpp); the arguments may be
/// texts of other errors. A sentence that does not fit is cut at a character's end.
[[gnu::format(printf, 3, 4)]] const Error& fail(Errc code, uint64_t detail, const char* format, ...);

/// A copy of an Error, which outlives however many come after it.
class KeptError {
 public:
  explicit KeptError(const Error& error) { keep(error); }
  void keep(const Error& error);
  Errc code() const { return error_.code; }
  /// The error, as the newest: the copy need not live as long as what is returned.
  const Error& error() const { return fail(error_.code, error_.detail, "%s", error_.text); }

 private:
  Error error_;
};

/// A T, or the Error that says why there is none. T is default-constructible and cheap to move.
template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : value_(static_cast<T&&>(value)) {}
  static Result failed(const Error& error) { return Result(&error); }

  explicit operator bool() const { return !error_; }
  T& operator*() { return value_; }
  T* operator->() { return &value_; }
  const Error& error() const { return *error_; }

 private:
  explicit Result(const Error* error) : error_(error) {}

  T value_{};
  const Error* error_ = nullptr;
};

/// Success without a value, or an Error. Without constructors and initial values, so that it is returned in a register:
/// write Result<void> done{}, and return {}.
template <>
class [[nodiscard]] Result<void> {
 public:
  static Result failed(const Error& error) { return {&error}; }

  explicit operator bool() const { return !error_or_null; }
  const Error& error() const { return *error_or_null; }

  const Error* error_or_null;
};
static_assert(__is_trivial(Result<void>));

}  // namespace rt
