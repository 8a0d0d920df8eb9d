#pragma once
#include "rt/span.hpp"

namespace rt {

inline constexpr char32_t kReplacement = U'\uFFFD';

/// UTF-8 (RFC 3629), a byte at a time, so that a character may come in pieces. Overlong forms,
/// surrogates and values past U+10FFFF are invalid; each maximal invalid part is one U+FFFD
/// (Unicode 15, section 3.9, "substitution of maximal subparts").
class Utf8Decoder {
 public:
  /// Takes one byte; calls `emit(char32_t)` zero, one or two times.
  template <class Emit>
  void feed(uint8_t byte, Emit emit) {
    char32_t out[2];
    const int n = step(byte, out);
    for (int i = 0; i < n; ++i) emit(out[i]);
  }
  /// Ends the text: a half-read character becomes U+FFFD.
  template <class Emit>
  void finish(Emit emit) {
    if (pending_) emit(kReplacement);
    pending_ = 0;
  }
  /// True in the middle of a character.
  bool pending() const { return pending_ != 0; }

 private:
  int step(uint8_t byte, char32_t (&out)[2]);

  char32_t value_ = 0;
  uint8_t pending_ = 0;               // continuation bytes still to come
  uint8_t low_ = 0x80, high_ = 0xbf;  // what the next one may be
};

/// Writes `c` as UTF-8; returns the number of bytes, 1 to 4. An invalid `c` is written as U+FFFD.
int encode_utf8(char32_t c, char (&out)[4]);

/// Writes `c` as UTF-16; returns the number of units, 1 or 2. An invalid `c` is written as U+FFFD.
int encode_utf16(char32_t c, char16_t (&out)[2]);

/// At most the first `most` bytes of a text, without half a character at their end.
Text clip(const Text& text, uint64_t most);

/// UTF-8 to UTF-16, terminated, cut at a character's end when `out` is too small (out.count > 0).
/// Returns the units written without the terminator.
uint64_t utf8_to_utf16(const Text& text, Span<char16_t> out);

/// UTF-16 to UTF-8; an unpaired surrogate becomes U+FFFD; stops at `units` or at a NUL. Cut and
/// terminated as above. `units.data` may have any alignment: firmware passes options so.
Text utf16_to_utf8(Span<const char16_t> units, Span<char> out);

}  // namespace rt
