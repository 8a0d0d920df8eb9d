#pragma once
#include "model/token.hpp"
#include "rt/arena.hpp"

namespace model {

/// From text to tokens and back.
class Tokenizer {
 public:
  /// `text` as tokens, the one that begins a text first, in memory from `arena`. For n bytes at most n
  /// log n steps, times the longest piece.
  virtual rt::Result<rt::Span<Token>> encode(rt::Text text, rt::Arena& arena) const = 0;
  /// The bytes of `token` when it comes after `previous`: a part of a UTF-8 text, perhaps of a
  /// character. Tokens past the vocabulary are empty.
  virtual rt::Text decode(Token previous, Token token) const = 0;

  /// The token that begins a text (BOS).
  virtual Token first() const = 0;
  /// Has the text ended where the model draws this?
  virtual bool ends_text(Token token) const = 0;

 protected:
  ~Tokenizer() = default;
};

}  // namespace model
