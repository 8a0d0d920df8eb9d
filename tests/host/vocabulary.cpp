#include "tests/host/vocabulary.hpp"

#include <algorithm>
#include <cstdio>
#include <cstring>

#include "rt/utf.hpp"

namespace test {

std::vector<uint8_t> file_of(const std::vector<Piece>& pieces) {
  std::vector<uint8_t> file;
  const auto put = [&](auto value) {
    const auto* bytes = reinterpret_cast<const uint8_t*>(&value);
    file.insert(file.end(), bytes, bytes + sizeof value);
  };
  size_t longest = 0;
  for (const Piece& piece : pieces) longest = std::max(longest, piece.text.size());
  put(int32_t(longest));
  for (const Piece& piece : pieces) {
    put(piece.score);
    put(int32_t(piece.text.size()));
    file.insert(file.end(), piece.text.begin(), piece.text.end());
  }
  return file;
}

std::vector<Piece> pieces_of(const std::vector<uint8_t>& file) {
  std::vector<Piece> pieces;
  for (size_t at = 4; at < file.size();) {
    float score;
    int32_t length;
    std::memcpy(&score, &file[at], 4);
    std::memcpy(&length, &file[at + 4], 4);
    pieces.push_back({std::string(file.begin() + int64_t(at) + 8,
                                  file.begin() + int64_t(at) + 8 + length), score});
    at += 8 + size_t(length);
  }
  return pieces;
}

std::vector<std::string> byte_pieces() {
  std::vector<std::string> pieces;
  for (int byte = 0; byte < 256; ++byte) {
    char text[8];
    std::snprintf(text, sizeof text, "<0x%02X>", unsigned(byte));
    pieces.push_back(text);
  }
  return pieces;
}

std::vector<Piece> with_bytes(const std::vector<Piece>& more) {
  std::vector<Piece> pieces = {{"<unk>"}, {"\n<s>\n"}, {"\n</s>\n"}};
  for (const std::string& piece : byte_pieces()) pieces.push_back({piece});
  pieces.insert(pieces.end(), more.begin(), more.end());
  return pieces;
}

std::vector<uint8_t> made_tokenizer(uint32_t vocab_size) {
  // Letters by their frequency in English, then all their pairs, triples, ...
  const std::string letters = " etaoinshrdlucmfwygpbvkxqjz.,'";
  std::vector<Piece> pieces = with_bytes({});
  const size_t first = pieces.size();
  const auto add = [&](const std::string& text) { pieces.push_back({text, -float(pieces.size() - first)}); };
  for (const char letter : letters) add(std::string(1, letter));
  for (size_t i = first; pieces.size() < vocab_size; ++i)
    for (const char letter : letters) add(pieces[i].text + letter);
  pieces.resize(vocab_size);
  return file_of(pieces);
}

std::string utf8(char32_t c) {
  char bytes[4];
  return {bytes, size_t(rt::encode_utf8(c, bytes))};
}

std::string byte_character(uint8_t byte) {
  char32_t other = 0x100;
  for (int b = 0; b < 256; ++b) {
    const bool printable = (b >= '!' && b <= '~') || (b >= 0xa1 && b <= 0xac) || b >= 0xae;
    if (b == byte) return utf8(printable ? char32_t(b) : other);
    other += !printable;
  }
  return {};
}

std::string byte_characters(const std::string& bytes) {
  std::string text;
  for (const char byte : bytes) text += byte_character(uint8_t(byte));
  return text;
}

}  // namespace test
