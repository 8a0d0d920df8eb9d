#pragma once
#include <cstdio>

#include "model/tokenizer.hpp"
#include "tests/unit/made_model.hpp"

namespace test {

struct Piece {
  std::string text;
  float score = 0;
};

/// tokenizer.bin with these pieces.
inline std::vector<uint8_t> file_of(const std::vector<Piece>& pieces) {
  std::vector<uint8_t> file;
  const auto put = [&](auto value) {
    const auto* bytes = reinterpret_cast<const uint8_t*>(&value);
    file.insert(file.end(), bytes, bytes + sizeof value);
  };
  put(int32_t{27});
  for (const Piece& piece : pieces) {
    put(piece.score);
    put(int32_t(piece.text.size()));
    file.insert(file.end(), piece.text.begin(), piece.text.end());
  }
  return file;
}

/// The pieces that a made tokenizer's file holds.
inline std::vector<Piece> pieces_of(const std::vector<uint8_t>& file) {
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

/// The special tokens and the 256 bytes that every LLaMA-2 vocabulary begins with, then `more`.
inline std::vector<Piece> with_bytes(const std::vector<Piece>& more) {
  std::vector<Piece> pieces = {{"<unk>"}, {"\n<s>\n"}, {"\n</s>\n"}};
  for (int byte = 0; byte < 256; ++byte) {
    char text[8];
    std::snprintf(text, sizeof text, "<0x%02X>", byte);
    pieces.push_back({text});
  }
  pieces.insert(pieces.end(), more.begin(), more.end());
  return pieces;
}

/// A tokenizer in memory of exactly the size that it asks for, and room for encoding.
class MadeTokenizer {
 public:
  MadeTokenizer(const std::vector<uint8_t>& file, uint32_t vocab_size,
                std::vector<uint64_t> source_pieces = {1 << 20})
      : memory_(model::Tokenizer::arena_bytes(file.size(), vocab_size)), arena_(memory_.span()) {
    PieceSource source(file, std::move(source_pieces));
    tokenizer_ = need(model::Tokenizer::load(source, vocab_size, arena_));
    EXPECT_EQ(arena_.used(), memory_.size());
  }
  explicit MadeTokenizer(const std::vector<Piece>& pieces)
      : MadeTokenizer(file_of(pieces), uint32_t(pieces.size())) {}

  const model::Tokenizer& operator*() const { return tokenizer_; }
  const model::Tokenizer* operator->() const { return &tokenizer_; }

  std::vector<model::Token> encode(const std::string& text) const {
    // 4 bytes for each token; then, while they are merged, 12 for each and 60 for three mergers.
    const Exact<uint8_t> memory(text.size() * 80 + 1024);
    rt::Arena arena(memory.span());
    const Exact<char> exact(std::vector<char>(text.begin(), text.end()));
    const rt::Span<model::Token> tokens =
        need(tokenizer_.encode({exact.data(), exact.size()}, arena));
    EXPECT_LE(arena.used(), (text.size() + 2) * 4 + 128) << "only the tokens stay";
    return {tokens.begin(), tokens.end()};
  }

 private:
  Exact<uint8_t> memory_;
  rt::Arena arena_;
  model::Tokenizer tokenizer_;
};

}  // namespace test
