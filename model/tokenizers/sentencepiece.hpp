#pragma once
#include "model/tokenizers/merger.hpp"
#include "model/tokenizers/tokenizer.hpp"

namespace model {

/// The byte-pair encoder and decoder of LLaMA 2, as llama2.c does it.
class SentencePiece final : public Tokenizer, private MergeRules {
 public:
  /// Memory for a vocabulary of `count` pieces with `bytes` in all, which add() then brings.
  static rt::Result<SentencePiece> create(const Rules& rules, uint32_t count, uint64_t bytes, rt::Arena& arena,
                                         rt::Arena& scratch);

  Pieces& pieces() { return pieces_; }
  uint64_t steps() const { return pieces_.steps(); }
  SpecialTokens& specials() { return specials_; }
  /// Adds a piece whose `length` bytes lie in pieces().next(). Higher scores are merged first.
  void add(uint32_t length, float score);

  /// BOS swallows one space after it.
  rt::Text decode(Token previous, Token token) const override;

 private:
  /// A space before the text, if the rules say so, characters that the vocabulary lacks as bytes, then the
  /// adjacent pair with the best-scored merger merged (the leftmost of equals) until none is left.
  rt::Result<void> encode_plain(rt::Text text, Token*& to, rt::Arena& arena) const override;
  bool find(Token left, Token right, Merge& merge) const override;
  Token* split(rt::Text text, Token* to) const;

  Pieces pieces_;
  rt::Span<float> score_;  // [count]
  rt::Span<Token> byte_;   // [256]
};

}  // namespace model
