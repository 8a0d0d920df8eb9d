#pragma once
#include "model/sampler.hpp"
#include "model/tokenizers/tokenizer.hpp"
#include "model/transformer.hpp"

namespace model {

/// A text of tokens that grows: some are given, the model draws more, one at a time. What the KV cache holds of one
/// text is kept for the next as far as the two begin alike, so a conversation is given anew with each question, and
/// only what is new in it is computed.
class Session {
 public:
  enum class Event : uint8_t {
    busy,   // what was given is still being read
    token,  // token() is the next one
    end,    // the text is complete; after read_ahead(): read
  };

  /// What comes after ids that were given: a text of its own, as an answer is, which does not begin with the space that
  /// some vocabularies put there; or more of the same.
  enum class Next : uint8_t { own_text, more };

  Session() = default;
  /// `ids`: [ids_needed(context)]. All must outlive the session.
  Session(Transformer& transformer, const Tokenizer& tokenizer, Sampler& sampler, rt::Span<Token> ids)
      : transformer_(&transformer), tokenizer_(&tokenizer), sampler_(&sampler), ids_(ids) {}
  /// The last token that is drawn need not have a place in the context.
  static constexpr uint64_t ids_needed(uint32_t context) { return uint64_t{context} + 1; }

  /// The text is now `ids`, none of which will be shown; then come at most `limit` tokens more, or with 0 as many as
  /// the context holds. Fails where there are no ids, or more than the context holds. `ids` are copied.
  rt::Result<void> begin(rt::Span<const Token> ids, uint32_t limit, Next next = Next::own_text);
  /// As begin(), but nothing is drawn: for what will be at the front of the next text, while nobody waits for it.
  rt::Result<void> read_ahead(rt::Span<const Token> ids);

  /// Begins a story of `steps` tokens, the prompt's included and BOS not; 0, or more than the context holds, means to
  /// the end of the context. The prompt is shown, before it is read. `arena` is rewound. Fails where the prompt is
  /// longer than the context.
  rt::Result<void> begin(rt::Text prompt, uint32_t steps, rt::Arena& arena);

  /// Lets a text that has ended go on by `steps` tokens more; 0, or more than the context holds, means to the end of
  /// the context. The text is then the one that begin() with more steps tells.
  void extend(uint32_t steps);

  /// Goes on by at most one forward pass, of at most `most` tokens of those that were given.
  Event advance(uint32_t most = kBatch);

  Token token() const { return ids_[shown_ - 1]; }
  /// The bytes of token(): a part of a UTF-8 text, perhaps of a character.
  rt::Text text() const;
  /// Tokens so far, without those that are not shown: BOS, or all that was given.
  uint32_t position() const { return shown_ - hidden_; }
  uint32_t prompt_tokens() const { return given_ - hidden_; }
  /// True where the text ended because the model has no more to say: it drew last_drawn(), which is no
  /// part of the text.
  bool ended_itself() const { return ended_itself_; }
  Token last_drawn() const { return last_drawn_; }
  /// True where the text ended because the context is full.
  bool filled_context() const { return count_ == ids_.count; }

  /// The text so far, with what is not shown of it.
  rt::Span<const Token> ids() const { return ids_.part(0, count_); }
  /// Of the ids that were given: all, those that the cache held already, and those that were computed so far.
  uint32_t given() const { return given_; }
  uint32_t reused() const { return reused_; }
  uint32_t read() const { return rt::max(rt::min(read_, given_), reused_) - reused_; }

 private:
  rt::Result<void> start(rt::Span<const Token> ids, uint32_t hidden, uint64_t steps);

  Transformer* transformer_ = nullptr;
  const Tokenizer* tokenizer_ = nullptr;
  Sampler* sampler_ = nullptr;
  rt::Span<Token> ids_;
  uint32_t count_ = 0;   // tokens of the text so far
  uint32_t given_ = 0;   // that began it
  uint32_t hidden_ = 0;  // in front, that are not shown
  uint32_t shown_ = 0;   // tokens that came out, and the hidden ones
  uint32_t end_ = 0;     // how many the text has when it ends at the latest
  uint32_t read_ = 0;    // tokens in front whose keys and values the cache holds
  uint32_t reused_ = 0;  // of those that were given, and not to be read
  Next next_ = Next::own_text;
  bool ahead_ = false;   // only to be read
  bool ended_itself_ = false;
  bool fresh_logits_ = false;  // logits_ are those after ids_[read_ - 1], as they came
  Token last_drawn_ = 0;
  rt::Span<float> logits_;
};

}  // namespace model
