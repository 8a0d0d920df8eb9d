#pragma once
#include "model/tokenizers/merger.hpp"
#include "model/tokenizers/splitter.hpp"
#include "model/tokenizers/tokenizer.hpp"

namespace model {

/// Byte-pair encoding over bytes (GPT-2 and what came after it), as GGUF files have it. Empty before load().
class ByteBpe final : public Tokenizer, private MergeRules {
 public:
  /// What goes by one name in tokenizer.ggml.pre.
  struct Dialect {
    const char* name;
    Splitter::Rules splits;
    bool llama3;  // a word that is a token stays whole, whatever the merges say; and texts begin with BOS
  };
  /// The dialect called `name`, or null. Files that were made before there were names do not have one.
  static const Dialect* dialect(rt::Text name, uint64_t vocab_size);

  struct Vocabulary {
    rt::Span<const rt::Text> tokens;  // fewer than 2^31, with less than 2^32 bytes, and so the merges
    rt::Span<const uint8_t> types;    // TokenType of each, or none: all are normal
    rt::Span<const rt::Text> merges;  // "left right", best first
  };

  /// Nothing of `vocabulary` is needed afterwards. Tokens longer than Pieces::kLongest are not used. For n bytes at
  /// most n log n steps.
  rt::Result<void> load(const Rules& rules, const Dialect& dialect, const Vocabulary& vocabulary, rt::Arena& arena,
                        rt::Arena& scratch);

  /// Special tokens are empty.
  rt::Text decode(Token previous, Token token) const override;

  /// What was done so far, in steps of a few instructions: to be bounded by tests.
  uint64_t steps() const { return pieces_.steps(); }

 private:
  struct Pair {
    Token right;
    Merge merge;
  };
  static constexpr uint64_t kPairNumbers = sizeof(Pair) / sizeof(uint32_t);
  struct Resolved {
    Token left, right, merged;
    uint32_t rank;
    uint32_t ordered;  // which one is here when they are ordered by right token
  };

  rt::Result<void> encode_plain(rt::Text text, Token*& to, rt::Arena& arena) const override;
  bool find(Token left, Token right, Merge& merge) const override;
  void add(rt::Text text, uint8_t type);
  bool resolve(rt::Text text, Resolved& merge) const;
  void sort(rt::Span<Resolved> merges);
  Token find(const rt::Text& bytes) const;

  Splitter splitter_;
  bool keeps_words_ = false;
  Pieces pieces_;           // of each token the bytes that it prints
  rt::Span<Token> byte_;    // [256] the token that is this byte, or kNoToken
  rt::Span<uint32_t> first_;  // [tokens + 2] where each left token's pairs start in pairs_
  Pair* pairs_ = nullptr;     // by left, then by right token, then by rank
};

}  // namespace model
