#pragma once
#include "model/sampler.hpp"
#include "model/tokenizers/tokenizer.hpp"
#include "model/transformer.hpp"

namespace model {

/// One text: a prompt goes in, tokens come out one at a time.
class Session {
 public:
  enum class Event : uint8_t {
    busy,   // the prompt is still being read
    token,  // token() is the next one
    end,    // the text is complete
  };

  Session(Transformer& transformer, const Tokenizer& tokenizer, Sampler& sampler)
      : transformer_(transformer), tokenizer_(tokenizer), sampler_(sampler) {}

  /// Begins a text of `steps` tokens, the prompt's included and BOS not; 0, or more than the
  /// context holds, means to the end of the context. The tokens of the prompt are kept in `arena`
  /// until the text has ended. Fails where the prompt is longer than the context.
  rt::Result<void> begin(rt::Text prompt, uint32_t steps, rt::Arena& arena);

  /// Lets a text that has ended at its steps go on by `steps` tokens more; 0, or more than the context holds, means to
  /// the end of the context. The text is then the one that begin() with more steps tells.
  void extend(uint32_t steps);

  /// Goes on by at most one forward pass.
  Event advance();

  Token token() const { return token_; }
  /// The bytes of token(): a part of a UTF-8 text, perhaps of a character.
  rt::Text text() const { return tokenizer_.decode(previous_, token_); }
  /// True while the tokens that come are the prompt's own.
  bool in_prompt() const { return position_ + hidden_ <= prompt_.count; }
  /// Tokens so far, BOS not counted.
  uint32_t position() const { return position_; }
  uint32_t prompt_tokens() const { return uint32_t(prompt_.count) - hidden_; }
  /// True where the text ended because the model has no more to say: it drew last_drawn(), which is no
  /// part of the text.
  bool ended_itself() const { return ended_itself_; }
  Token last_drawn() const { return last_drawn_; }
  /// True where the text ended because the context is full.
  bool filled_context() const { return position_ == transformer_.context(); }

 private:
  void emit(Token token);

  Transformer& transformer_;
  const Tokenizer& tokenizer_;
  Sampler& sampler_;
  rt::Span<Token> prompt_;
  uint32_t hidden_ = 1;    // tokens in front of the text: BOS, where there is one
  uint32_t steps_ = 0;
  uint32_t read_ = 0;      // tokens that went through the transformer
  uint32_t position_ = 0;  // tokens that came out
  bool ended_itself_ = false;
  Token previous_ = 0, token_ = 0, last_drawn_ = 0;
  rt::Span<float> logits_;
};

}  // namespace model
