// UTF-8 to UTF-16 and back.
//
// For every run of bytes, taken as UTF-8 and as UTF-16 at any address: the result is valid, is what
// the table of the Unicode standard says, is terminated and stays within its room; where there is
// not room enough it is cut between characters and no sooner than it has to be. What is valid
// comes back the same.
#include "rt/utf.hpp"

#include "tests/fuzz/fuzz.hpp"

namespace {

using fuzz::must;

std::string encode(const std::u32string& text) {
  std::string encoded;
  for (const char32_t c : text) {
    char bytes[4];
    const int n = rt::encode_utf8(c, bytes);
    must(n >= 1 && n <= 4, "a character has 1 to 4 bytes");
    encoded.append(bytes, size_t(n));
  }
  return encoded;
}

/// UTF-16 by its definition; an unpaired surrogate becomes U+FFFD.
std::u32string decode_utf16(const std::u16string& units) {
  std::u32string text;
  for (size_t i = 0; i < units.size(); ++i) {
    const char16_t unit = units[i];
    const bool pair = unit >= 0xd800 && unit <= 0xdbff && i + 1 < units.size() && units[i + 1] >= 0xdc00 &&
                      units[i + 1] <= 0xdfff;
    if (pair)
      text += char32_t(0x10000 + (unit - 0xd800) * 0x400 + (units[++i] - 0xdc00));
    else
      text += unit >= 0xd800 && unit <= 0xdfff ? rt::kReplacement : char32_t(unit);
  }
  return text;
}

void check_utf8(const std::string& text, uint64_t room) {
  bool valid = false;
  const std::u32string expected = fuzz::decode_utf8(text, &valid);
  rt::Utf8Decoder decoder;
  std::u32string got;
  for (const char byte : text) {
    const size_t before = got.size();
    decoder.feed(uint8_t(byte), [&](char32_t c) { got += c; });
    must(got.size() <= before + 2, "a byte ends at most two characters");
  }
  must(decoder.pending() == (!text.empty() && got.size() < expected.size()), "what is half read is pending");
  decoder.finish([&](char32_t c) { got += c; });
  must(!decoder.pending(), "nothing is pending behind the end");
  must(got == expected, "bytes become the characters of the standard's table");
  must(encode(expected) == text || !valid, "valid UTF-8 comes back the same");

  const test::Exact<char> copy = fuzz::exact(text);
  const test::Exact<char16_t> out(room);
  const uint64_t n = rt::utf8_to_utf16(fuzz::text_of(copy), out.span());
  must(n < room && out[n] == 0, "UTF-16 is terminated within its room");
  const std::u32string kept = decode_utf16({out.data(), n});
  must(expected.starts_with(kept), "UTF-16 has the characters, from the first on");
  if (kept.size() < expected.size()) {
    const uint64_t next = expected[kept.size()] < 0x10000 ? 1 : 2;
    must(n + next >= room, "no more is cut off than has to be");
  }
}

void check_utf16(const std::vector<uint8_t>& bytes, uint64_t offset, uint64_t room) {
  const uint64_t count = bytes.size() / 2;
  test::Exact<uint8_t> copy(count * 2, offset);
  if (count) std::memcpy(copy.data(), bytes.data(), count * 2);
  const test::Exact<char> out(room);
  const rt::Text text =
      rt::utf16_to_utf8({reinterpret_cast<const char16_t*>(copy.data()), count}, out.span());
  must(text.data == out.data() && text.size < room && out[text.size] == 0, "UTF-8 is terminated within its room");

  std::u16string units(count, 0);
  if (count) std::memcpy(units.data(), bytes.data(), count * 2);
  units.resize(rt::min(units.find(u'\0'), units.size()));
  const std::string expected = encode(decode_utf16(units));
  must(expected.size() <= units.size() * 3, "a unit becomes at most three bytes");
  const std::string got = fuzz::string(text);
  must(fuzz::valid_utf8(got), "the result is UTF-8");
  must(expected.starts_with(got), "UTF-8 has the characters, from the first on");
  if (got.size() < expected.size()) {
    size_t next = 1;
    while (got.size() + next < expected.size() && (uint8_t(expected[got.size() + next]) & 0xc0) == 0x80) ++next;
    must(got.size() + next >= room, "no more is cut off than has to be");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  // The last byte, so that seeds are plain texts.
  const uint8_t how = size ? data[size - 1] : 0;
  const std::vector<uint8_t> bytes(data, data + (size ? size - 1 : 0));
  const uint64_t enough = bytes.size() * 3 + 1;
  const uint64_t room = how < 128 ? enough : 1 + (how - 128u) % enough;
  check_utf8({bytes.begin(), bytes.end()}, room);
  check_utf16(bytes, how & 1, room);
  return 0;
}
