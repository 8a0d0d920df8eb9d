#include "rt/utf.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace {

std::u32string decode(const std::string& bytes) {
  std::u32string out;
  const auto emit = [&](char32_t c) { out += c; };
  rt::Utf8Decoder decoder;
  for (char byte : bytes) decoder.feed(uint8_t(byte), emit);
  decoder.finish(emit);
  EXPECT_FALSE(decoder.pending());
  return out;
}

std::string encode(char32_t c) {
  char bytes[4];
  return std::string(bytes, size_t(rt::encode_utf8(c, bytes)));
}

bool is_surrogate(char32_t c) { return c >= 0xd800 && c < 0xe000; }

TEST(Utf8, EncodesTheFirstAndLastOfEachLength) {
  EXPECT_EQ(encode(0), std::string(1, '\0'));
  EXPECT_EQ(encode(0x7f), "\x7f");
  EXPECT_EQ(encode(0x80), "\xc2\x80");
  EXPECT_EQ(encode(0x7ff), "\xdf\xbf");
  EXPECT_EQ(encode(0x800), "\xe0\xa0\x80");
  EXPECT_EQ(encode(0xffff), "\xef\xbf\xbf");
  EXPECT_EQ(encode(0x10000), "\xf0\x90\x80\x80");
  EXPECT_EQ(encode(0x10ffff), "\xf4\x8f\xbf\xbf");
}

TEST(Utf8, WhatIsNoCharacterIsEncodedAsTheReplacement) {
  for (const char32_t c : {0xd800u, 0xdfffu, 0x110000u, 0xffffffffu})
    EXPECT_EQ(encode(c), "\xef\xbf\xbd");
}

TEST(Utf8, EveryCharacterComesBack) {
  for (char32_t c = 0; c <= 0x10ffff; ++c) {
    if (is_surrogate(c)) continue;
    char bytes[4];
    const int n = rt::encode_utf8(c, bytes);
    rt::Utf8Decoder decoder;
    int emitted = 0;
    for (int i = 0; i < n; ++i) {
      EXPECT_EQ(decoder.pending(), i > 0);
      decoder.feed(uint8_t(bytes[i]), [&](char32_t got) {
        ++emitted;
        ASSERT_EQ(got, c);
      });
    }
    ASSERT_EQ(emitted, 1) << uint32_t(c);
    ASSERT_FALSE(decoder.pending());
  }
}

// Unicode 15, tables 3-8 to 3-11.
TEST(Utf8, InvalidPartsAreReplacedAsTheStandardShows) {
  const char32_t* const kR = U"\xfffd\xfffd\xfffd\xfffd\xfffd\xfffd\xfffd\xfffd";
  const auto replaced = [&](size_t n) { return std::u32string(kR, n); };
  EXPECT_EQ(decode("\xc0\xaf\xe0\x80\xbf\xf0\x81\x82\x41"), replaced(8) + U"A");
  EXPECT_EQ(decode("\xed\xa0\x80\xed\xbf\xbf\xed\xaf\x41"), replaced(8) + U"A");
  EXPECT_EQ(decode("\xf4\x91\x92\x93\xff\x41\x80\xbf\x42"),
            replaced(5) + U"A" + replaced(2) + U"B");
  EXPECT_EQ(decode("\xe1\x80\xe2\xf0\x91\x92\xf1\xbf\x41"), replaced(4) + U"A");
}

TEST(Utf8, ACharacterCutOffByTheEndIsOneReplacement) {
  EXPECT_EQ(decode("a\xf0\x9f\x98"), U"a\xfffd");
  EXPECT_EQ(decode("\xc3"), U"\xfffd");
}

/// Decodes by the definition: of the shortest form of every character, the longest beginning that
/// the text has.
class Definition {
 public:
  Definition() {
    for (uint32_t c = 0; c <= 0x10ffff; ++c) {
      if (is_surrogate(c)) continue;
      uint32_t key = 0;
      const std::vector<uint8_t> form = shortest_form(c);
      for (size_t i = 0; i < form.size(); ++i) {
        key = key << 8 | form[i];
        (i + 1 < form.size() ? beginnings_ : characters_).push_back(key);
      }
    }
    beginnings_.erase(std::unique(beginnings_.begin(), beginnings_.end()), beginnings_.end());
    std::sort(beginnings_.begin(), beginnings_.end());
    beginnings_.erase(std::unique(beginnings_.begin(), beginnings_.end()), beginnings_.end());
    std::sort(characters_.begin(), characters_.end());
  }

  std::u32string decode(const std::string& bytes) const {
    std::u32string out;
    for (size_t at = 0; at < bytes.size();) {
      uint32_t key = uint8_t(bytes[at]);
      size_t n = 1;
      while (has(beginnings_, key) && at + n < bytes.size()) {
        const uint32_t longer = key << 8 | uint8_t(bytes[at + n]);
        if (!has(beginnings_, longer) && !has(characters_, longer)) break;
        key = longer;
        ++n;
      }
      out += has(characters_, key) ? value(key, n) : rt::kReplacement;
      at += n;
    }
    return out;
  }

 private:
  static std::vector<uint8_t> shortest_form(uint32_t c) {
    const auto tail = [&](int shift) { return uint8_t(0x80 + (c >> shift) % 64); };
    if (c < 0x80) return {uint8_t(c)};
    if (c < 0x800) return {uint8_t(0xc0 + (c >> 6)), tail(0)};
    if (c < 0x10000) return {uint8_t(0xe0 + (c >> 12)), tail(6), tail(0)};
    return {uint8_t(0xf0 + (c >> 18)), tail(12), tail(6), tail(0)};
  }
  static char32_t value(uint32_t key, size_t n) {
    if (n == 1) return key;
    uint32_t c = (key >> 8 * (n - 1)) & (0x7f >> n);
    for (size_t i = n - 1; i-- > 0;) c = c * 64 + ((key >> 8 * i) & 63);
    return c;
  }
  static bool has(const std::vector<uint32_t>& sorted, uint32_t key) {
    return std::binary_search(sorted.begin(), sorted.end(), key);
  }
  std::vector<uint32_t> beginnings_, characters_;
};

TEST(Utf8, EveryMixtureOfBoundaryBytesDecodesAsDefined) {
  const Definition definition;
  const std::string bytes =
      "\x41\x7f\x80\x8f\x90\x9f\xa0\xbf\xc0\xc1\xc2\xdf\xe0\xe1\xec\xed\xee\xef\xf0\xf1\xf3\xf4\xf5"
      "\xff";
  std::string text(4, 0);
  for (char a : bytes)
    for (char b : bytes)
      for (char c : bytes)
        for (char d : bytes) {
          text[0] = a, text[1] = b, text[2] = c, text[3] = d;
          ASSERT_EQ(decode(text), definition.decode(text)) << testing::PrintToString(text);
        }
}

TEST(Utf16, EveryCharacterComesBack) {
  for (char32_t c = 0; c <= 0x10ffff; ++c) {
    if (is_surrogate(c)) continue;
    char16_t units[2];
    const int n = rt::encode_utf16(c, units);
    ASSERT_EQ(n, c < 0x10000 ? 1 : 2);
    if (n == 1) {
      ASSERT_EQ(units[0], c);
      continue;
    }
    ASSERT_TRUE(units[0] >= 0xd800 && units[0] < 0xdc00 && units[1] >= 0xdc00 && units[1] < 0xe000);
    ASSERT_EQ(0x10000u + ((units[0] - 0xd800u) << 10) + (units[1] - 0xdc00u), c);
  }
}

TEST(Utf16, WhatIsNoCharacterBecomesTheReplacement) {
  for (const char32_t c : {0xd800u, 0xdfffu, 0x110000u}) {
    char16_t units[2];
    EXPECT_EQ(rt::encode_utf16(c, units), 1);
    EXPECT_EQ(units[0], 0xfffd);
  }
}

std::u16string to_utf16(const std::string& text, size_t room) {
  std::vector<char16_t> out(room, u'?');
  const uint64_t n = rt::utf8_to_utf16({text.data(), text.size()}, {out.data(), out.size()});
  EXPECT_LT(n, room);
  EXPECT_EQ(out[n], 0);
  return std::u16string(out.data(), n);
}

TEST(Utf16, AStringIsConvertedAndTerminated) {
  EXPECT_EQ(to_utf16("a\u00e9\u20ac\U0001f600", 10), u"a\u00e9\u20ac\U0001f600");
  EXPECT_EQ(to_utf16("", 1), u"");
  EXPECT_EQ(to_utf16("x\xff", 10), u"x\ufffd");
  EXPECT_EQ(to_utf16("x\xe2\x82", 10), u"x\ufffd");
}

TEST(Utf16, AStringTooLongIsCutAtACharactersEnd) {
  EXPECT_EQ(to_utf16("abc", 3), u"ab");
  EXPECT_EQ(to_utf16("abc", 1), u"");
  EXPECT_EQ(to_utf16("a\U0001f600z", 3), u"a");  // nothing behind the cut slips in
  EXPECT_EQ(to_utf16("a\U0001f600z", 4), u"a\U0001f600");
}

std::string to_utf8(const std::u16string& units, size_t room) {
  std::vector<char> out(room, '?');
  const rt::Text text = rt::utf16_to_utf8({units.data(), units.size()}, {out.data(), out.size()});
  EXPECT_EQ(text.data, out.data());
  EXPECT_LT(text.size, room);
  EXPECT_EQ(out[text.size], 0);
  return std::string(text.data, text.size);
}

TEST(Clip, CutsAtACharactersEnd) {
  const std::string text = "a\u00e9\u20ac\U0001f600b";  // 1, 2, 3, 4 and 1 bytes
  const uint64_t kept[] = {0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 11, 11};
  for (uint64_t most = 0; most < 13; ++most)
    EXPECT_EQ(rt::clip({text.data(), text.size()}, most).size, kept[most]) << most;
  EXPECT_EQ(rt::clip({text.data(), 2}, 2).size, 2u) << "what fits is not looked at, nor what is behind it";
}

TEST(Clip, TakesMostOfWhatIsNotUtf8) {
  const std::string text(10, '\x80');
  EXPECT_EQ(rt::clip({text.data(), text.size()}, 8).size, 5u);
}

TEST(Utf16, IsConvertedBack) {
  EXPECT_EQ(to_utf8(u"a\u00e9\u20ac\U0001f600", 20), "a\u00e9\u20ac\U0001f600");
  EXPECT_EQ(to_utf8(std::u16string(u"ab\0cd", 5), 20), "ab");
  EXPECT_EQ(to_utf8(u"", 1), "");
}

TEST(Utf16, UnpairedSurrogatesAreReplaced) {
  const char16_t high = 0xd83d, low = 0xde00;
  EXPECT_EQ(to_utf8({high, u'x'}, 20), "\ufffdx");
  EXPECT_EQ(to_utf8({low, u'x'}, 20), "\ufffdx");
  EXPECT_EQ(to_utf8({low, high}, 20), "\ufffd\ufffd");
  EXPECT_EQ(to_utf8({high, high, low}, 20), "\ufffd\U0001f600");
  EXPECT_EQ(to_utf8({high}, 20), "\ufffd");
}

TEST(Utf16, BackIsCutAtACharactersEndToo) {
  EXPECT_EQ(to_utf8(u"ab\u20acd", 5), "ab");
  EXPECT_EQ(to_utf8(u"ab\u20acd", 6), "ab\u20ac");
}

TEST(Utf16, FirmwaresTextMayLieAtAnyAddress) {
  alignas(2) char bytes[] = {0, 'h', 0, 'i', 0, 0, 0};
  char out[8];
  const auto* units = reinterpret_cast<const char16_t*>(bytes + 1);
  const rt::Text text = rt::utf16_to_utf8({units, 3}, {out, sizeof out});
  EXPECT_EQ(std::string(text.data, text.size), "hi");
}

}  // namespace
