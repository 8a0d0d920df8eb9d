#pragma once
#include "model/formats/llama2c_tokenizer.hpp"
#include "tests/host/vocabulary.hpp"
#include "tests/unit/made_model.hpp"

namespace test {

/// A tokenizer in memory of exactly the size that it asks for, and room for encoding.
class MadeTokenizer {
 public:
  MadeTokenizer(const std::vector<uint8_t>& file, uint32_t vocab_size,
                std::vector<uint64_t> source_pieces = {1 << 20})
      : memory_(model::tokenizer_bytes(file.size(), vocab_size).arena), arena_(memory_.span()) {
    PieceSource source(file, std::move(source_pieces));
    model::Stream stream(source);
    const Exact<uint8_t> scratch_memory(model::tokenizer_bytes(file.size(), vocab_size).scratch);
    rt::Arena scratch(scratch_memory.span());
    tokenizer_ = need(model::read_tokenizer(stream, vocab_size, arena_, scratch));
    EXPECT_EQ(arena_.used(), memory_.size());
    EXPECT_EQ(scratch.used(), 0u);
  }
  explicit MadeTokenizer(const std::vector<Piece>& pieces)
      : MadeTokenizer(file_of(pieces), uint32_t(pieces.size())) {}

  const model::SentencePiece& operator*() const { return tokenizer_; }
  const model::SentencePiece* operator->() const { return &tokenizer_; }

  std::vector<model::Token> encode(const std::string& text) const {
    // 4 bytes for each token; then, while they are merged, 32 for each and 40 for two mergers.
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
  model::SentencePiece tokenizer_;
};

}  // namespace test
