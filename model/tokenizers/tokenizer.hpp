#pragma once
#include "model/tokenizers/special_tokens.hpp"
#include "model/tokenizers/text_part.hpp"

namespace model {

/// From text to tokens and back.
class Tokenizer {
 public:
  /// What files say about texts as a whole.
  struct Rules {
    Token first = 1;         // begins a text (BOS)
    bool adds_first = true;  // does a text that is no chat begin with it?
    Token last = 1;          // ends one (EOS); and what else does so, beside special tokens that are known to
    Token ends_turn = kNoToken, ends_message = kNoToken;
    bool bytes_by_name = false;  // SentencePiece: a piece "<0x0A>" is the byte 10; else bytes are the tokens from 3 on
    bool space_before = true;  // SentencePiece: a space before a text, and behind every special token in it
  };

  /// `text` as tokens, first() in front, in memory from `arena`. For n bytes at most n
  /// log n steps, times the longest piece.
  rt::Result<rt::Span<Token>> encode(rt::Text text, rt::Arena& arena) const;
  /// The text of `parts` as tokens, without first(). Where one part ends and the next begins, the model sees no border.
  rt::Result<rt::Span<Token>> encode(rt::Span<const TextPart> parts, rt::Arena& arena) const;
  /// The bytes of `token` when it comes after `previous`: a part of a UTF-8 text, perhaps of a
  /// character. Tokens past the vocabulary are empty.
  virtual rt::Text decode(Token previous, Token token) const = 0;

  /// The token that begins a text (BOS).
  Token first() const { return rules_.first; }
  bool adds_first() const { return rules_.adds_first; }
  /// Has the text ended where the model draws this?
  bool ends_text(Token token) const;

 protected:
  Tokenizer() = default;
  ~Tokenizer() = default;

  /// Appends the tokens of a text that stands at the beginning or behind a special token, and is not empty: at most
  /// one more than it has bytes.
  virtual rt::Result<void> encode_plain(rt::Text text, Token*& to, rt::Arena& arena) const = 0;

  Rules rules_;
  SpecialTokens specials_;

 private:
  rt::Result<rt::Span<Token>> encode(rt::Span<const TextPart> parts, uint64_t in_front, rt::Arena& arena) const;
};

}  // namespace model
