#pragma once
#include "model/tokenizers/pieces.hpp"
#include "model/tokenizers/tokenizer.hpp"

namespace model {

/// The byte-pair encoder and decoder of LLaMA 2, as llama2.c does it. Bytes are the tokens 3 to 258.
class SentencePiece final : public Tokenizer {
 public:
  /// Memory for a vocabulary of `count` pieces with `bytes` in all, which add() then brings.
  static rt::Result<SentencePiece> create(uint32_t count, uint64_t bytes, rt::Arena& arena, rt::Arena& scratch);

  Pieces& pieces() { return pieces_; }
  uint64_t steps() const { return pieces_.steps(); }
  /// Adds a piece whose `length` bytes lie in pieces().next(). Higher scores are merged first.
  void add(uint32_t length, float score);

  /// A space before a text that is not empty, characters that the vocabulary lacks as bytes, then the
  /// adjacent pair with the best-scored merger merged (the leftmost of equals) until none is left.
  rt::Result<rt::Span<Token>> encode(rt::Text text, rt::Arena& arena) const override;
  /// BOS swallows one space after it.
  rt::Text decode(Token previous, Token token) const override;
  Token first() const override { return kBos; }
  bool ends_text(Token token) const override { return token == kBos; }

 private:
  static constexpr Token kBos = 1;

  Token* split(rt::Text text, Token* to) const;
  class Merger;

  Pieces pieces_;
  rt::Span<float> score_;  // [count]
};

}  // namespace model
