// What the fuzz targets share. A target is one function, LLVMFuzzerTestOneInput, which libFuzzer
// calls with input after input; what a target asserts must hold for every one of them.
#pragma once
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "rt/result.hpp"
#include "tests/unit/exact.hpp"

namespace fuzz {

/// Ends the run with what did not hold; libFuzzer then saves the input.
inline void must(bool holds, const char* what, const char* file = __builtin_FILE(),
                 int line = __builtin_LINE()) {
  if (holds) return;
  std::fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, what);
  std::abort();
}

/// Takes an input apart, from its front. What is missing at its end reads as zeros, so that every
/// input means something.
class Input {
 public:
  Input(const uint8_t* data, size_t size) : at_(data), end_(data + size) {}

  template <class T>
  T number() {
    T value{};
    const size_t n = rt::min(sizeof value, left());
    if (n) std::memcpy(&value, at_, n);
    at_ += n;
    return value;
  }
  uint8_t byte() { return number<uint8_t>(); }
  /// Everything up to the next `end`, which is taken too, or up to the input's end.
  std::string text_until(char end) {
    std::string text;
    while (at_ < end_ && char(*at_) != end) text += char(*at_++);
    if (at_ < end_) ++at_;
    return text;
  }
  std::vector<uint8_t> rest() { return {std::exchange(at_, end_), end_}; }
  std::string rest_text() {
    const auto bytes = rest();
    return {bytes.begin(), bytes.end()};
  }
  size_t left() const { return size_t(end_ - at_); }

 private:
  const uint8_t* at_;
  const uint8_t* end_;
};

/// A copy in a heap block of just that size: the address sanitizer reports the first byte that is
/// touched beyond it.
inline test::Exact<char> exact(const std::string& text) {
  test::Exact<char> copy(text.size());
  if (!text.empty()) std::memcpy(copy.data(), text.data(), text.size());
  return copy;
}
inline rt::Text text_of(const test::Exact<char>& copy) { return {copy.data(), copy.size()}; }
inline std::string string(rt::Text text) { return {text.data, text.size}; }

/// A text that was handed out must lie in memory that was handed in.
inline bool within(rt::Text text, const char* memory, uint64_t size) {
  return text.empty() || (text.data >= memory && text.data + text.size <= memory + size);
}

/// UTF-8 by the table of the Unicode standard (15.0, table 3-7), as the standard reads it: a second
/// opinion on rt/utf.hpp. What is not valid becomes U+FFFD, one for each maximal part.
inline std::u32string decode_utf8(const std::string& text, bool* valid = nullptr) {
  static constexpr struct {
    uint8_t first, last, low, high;  // of the first byte, of the second
    size_t length;
  } kRows[] = {{0x00, 0x7f, 0, 0, 1},       {0xc2, 0xdf, 0x80, 0xbf, 2},
               {0xe0, 0xe0, 0xa0, 0xbf, 3}, {0xe1, 0xec, 0x80, 0xbf, 3},
               {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
               {0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4},
               {0xf4, 0xf4, 0x80, 0x8f, 4}};
  std::u32string decoded;
  if (valid) *valid = true;
  for (size_t at = 0; at < text.size();) {
    char32_t value = U'\uFFFD';
    size_t taken = 1;
    bool whole = false;
    for (const auto& row : kRows) {
      const auto lead = uint8_t(text[at]);
      if (lead < row.first || lead > row.last) continue;
      char32_t bits = row.length == 1 ? lead : lead & (0x7fu >> row.length);
      for (; taken < row.length && at + taken < text.size(); ++taken) {
        const auto next = uint8_t(text[at + taken]);
        if (next < (taken == 1 ? row.low : 0x80) || next > (taken == 1 ? row.high : 0xbf)) break;
        bits = bits << 6 | (next & 0x3f);
      }
      whole = taken == row.length;
      if (whole) value = bits;
    }
    if (valid) *valid = *valid && whole;
    decoded += value;
    at += taken;
  }
  return decoded;
}
inline bool valid_utf8(const std::string& text) {
  bool valid = false;
  decode_utf8(text, &valid);
  return valid;
}

/// An error must be something that can be shown to a person: a sentence, terminated, and in UTF-8
/// where the input that it may quote is.
inline void must_be_a_sentence(const rt::Error& error, const std::string& quoted = "") {
  const std::string text(error.text, strnlen(error.text, sizeof error.text));
  must(!text.empty(), "an error has a text");
  must(text.size() < sizeof error.text, "the text of an error is terminated");
  must(valid_utf8(text) || !valid_utf8(quoted), "an error quotes whole characters");
}

}  // namespace fuzz
