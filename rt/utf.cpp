#include "rt/utf.hpp"

namespace rt {
namespace {

bool is_scalar(char32_t c) { return c < 0xd800 || (c > 0xdfff && c <= 0x10ffff); }

}  // namespace

int Utf8Decoder::step(uint8_t byte, char32_t (&out)[2]) {
  int n = 0;
  if (pending_) {
    if (byte >= low_ && byte <= high_) {
      value_ = value_ << 6 | (byte & 0x3f);
      low_ = 0x80, high_ = 0xbf;
      if (--pending_ == 0) out[n++] = value_;
      return n;
    }
    out[n++] = kReplacement;  // what came before ends here; this byte starts anew
    pending_ = 0;
  }
  low_ = 0x80, high_ = 0xbf;
  if (byte < 0x80) {
    out[n++] = byte;
  } else if (byte >= 0xc2 && byte <= 0xdf) {
    pending_ = 1, value_ = byte & 0x1f;
  } else if (byte >= 0xe0 && byte <= 0xef) {
    pending_ = 2, value_ = byte & 0x0f;
    if (byte == 0xe0) low_ = 0xa0;   // below: overlong
    if (byte == 0xed) high_ = 0x9f;  // above: surrogates
  } else if (byte >= 0xf0 && byte <= 0xf4) {
    pending_ = 3, value_ = byte & 0x07;
    if (byte == 0xf0) low_ = 0x90;   // below: overlong
    if (byte == 0xf4) high_ = 0x8f;  // above: past U+10FFFF
  } else {
    out[n++] = kReplacement;
  }
  return n;
}

int encode_utf8(char32_t c, char (&out)[4]) {
  if (!is_scalar(c)) c = kReplacement;
  if (c < 0x80) {
    out[0] = char(c);
    return 1;
  }
  const int n = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
  for (int i = n - 1; i > 0; --i, c >>= 6) out[i] = char(0x80 | (c & 0x3f));
  out[0] = char(0xf00 >> n | c);
  return n;
}

int encode_utf16(char32_t c, char16_t (&out)[2]) {
  if (!is_scalar(c)) c = kReplacement;
  if (c < 0x10000) {
    out[0] = char16_t(c);
    return 1;
  }
  out[0] = char16_t(0xd7c0 + (c >> 10));  // 0xd800 + (c - 0x10000 >> 10)
  out[1] = char16_t(0xdc00 | (c & 0x3ff));
  return 2;
}

Text clip(const Text& text, uint64_t most) {
  if (text.size <= most) return text;
  uint64_t end = most;
  // A character has three continuation bytes at most: with more of them the text is not UTF-8, and is cut anywhere.
  while (end && most - end < 3 && (uint8_t(text[end]) & 0xc0) == 0x80) --end;
  return text.part(0, end);
}

uint64_t utf8_to_utf16(const Text& text, Span<char16_t> out) {
  uint64_t used = 0;
  bool full = false;
  const auto put = [&](char32_t c) {
    char16_t units[2];
    const uint64_t n = uint64_t(encode_utf16(c, units));
    full = full || n > out.count - 1 - used;
    for (uint64_t i = 0; i < n && !full; ++i) out[used++] = units[i];
  };
  Utf8Decoder decoder;
  for (char byte : text) decoder.feed(uint8_t(byte), put);
  decoder.finish(put);
  out[used] = 0;
  return used;
}

Text utf16_to_utf8(Span<const char16_t> units, Span<char> out) {
  using Unit [[gnu::aligned(1), gnu::may_alias]] = char16_t;
  auto* at = reinterpret_cast<const Unit*>(units.data);
  uint64_t used = 0;
  for (uint64_t i = 0; i < units.count && at[i];) {
    char32_t c = at[i++];
    if (c >= 0xd800 && c < 0xdc00 && i < units.count && at[i] >= 0xdc00 && at[i] < 0xe000)
      c = ((c - 0xd7c0) << 10) + (at[i++] & 0x3ff);
    char bytes[4];
    const uint64_t n = uint64_t(encode_utf8(c, bytes));
    if (n > out.count - 1 - used) break;
    for (uint64_t k = 0; k < n; ++k) out[used++] = bytes[k];
  }
  out[used] = 0;
  return {out.data, used};
}

}  // namespace rt
