#pragma once
#include "model/tokenizers/pieces.hpp"

namespace model {

/// The types that files give to tokens (tokenizer.ggml.token_type in GGUF).
enum class TokenType : uint8_t { undefined, normal, unknown, control, user_defined, unused, byte };

/// Tokens that are found in a text as they stand, before it is taken apart: control tokens (<|im_end|>), in trusted
/// text only, so that nobody ends a turn by typing one; and those that were added by a user, everywhere.
class SpecialTokens {
 public:
  /// What is needed of the vocabulary is copied. `types`: of each token, or none: all are normal.
  rt::Result<void> load(rt::Span<const rt::Text> tokens, rt::Span<const uint8_t> types, rt::Arena& arena,
                        rt::Arena& scratch);

  /// Does a token of this type and text print nothing? Nobody finds these by taking a text apart. Those that end what
  /// a chat model writes are among them, whatever type a file gives them.
  static bool silent(uint8_t type, rt::Text text);

  /// The length of the longest of them that `text`, which is not empty, begins with; 0: none.
  uint64_t find_at(rt::Text text, bool trusted, Token& token) const;
  /// Does the model end a text with this?
  bool ends_text(Token token) const;

 private:
  struct Entry {
    Token token;
    bool anywhere;  // else in trusted text only
    bool ends;
  };

  Pieces texts_;
  rt::Span<Entry> entries_;    // [texts_.count()], by token
  uint64_t lengths_ = 0;       // bit n: some text has n bytes
  uint64_t starts_[4] = {};    // a bit for each byte that one of them begins with
};

}  // namespace model
