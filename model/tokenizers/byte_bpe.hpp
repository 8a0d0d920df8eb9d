#pragma once
#include "model/tokenizers/merger.hpp"
#include "model/tokenizers/splitter.hpp"
#include "model/tokenizers/text_part.hpp"

namespace model {

/// Byte-pair encoding over bytes (GPT-2 and what came after it), as GGUF files have it. Empty before load().
class ByteBpe final : public MergeRules {
 public:
  struct Vocabulary {  // fewer than 2^31 tokens and merges, and 2^32 bytes of tokens
    rt::Text file;  // its name, for errors
    rt::Text pre;   // tokenizer.ggml.pre: how a text is split into words
    rt::Span<const rt::Text> tokens;
    rt::Span<const uint8_t> types;  // gguf::TokenType of each, or none: all are normal
    rt::Span<const rt::Text> merges;  // "left right", best first
  };

  /// Nothing of `vocabulary` is needed afterwards. `salt` makes it impossible to write a file that makes this slow:
  /// any number that the file's author cannot know. What the tokenizer does is the same with every salt.
  rt::Result<void> load(const Vocabulary& vocabulary, uint64_t salt, rt::Arena& arena);
  /// What load() takes from its arena, at most; some of it is free again afterwards.
  static uint64_t arena_bytes(const Vocabulary& vocabulary);

  /// The parts' text as one, as tokens in memory from `arena`, without BOS. O(n log n) for n bytes.
  rt::Result<rt::Span<Token>> encode(rt::Span<const TextPart> parts, rt::Arena& arena) const;

  /// The bytes of `token`: a part of a UTF-8 text, perhaps of a character. Special tokens are empty.
  rt::Text decode(Token token) const;

  /// The special token with this text, or kNoToken.
  Token special(rt::Text text) const { return lookup(text, Kind::special); }
  /// Whether a text begins with BOS where the file does not say.
  bool begins_with_bos() const { return llama3_; }

  bool find(Token left, Token right, Merge& merge) const override;

 private:
  enum class Kind : uint8_t {
    word,     // found by merging
    special,  // found in trusted text, prints nothing
    literal,  // the file's user put it there: found in all text
    unused    // never found, prints nothing
  };
  struct Pair {
    Token right;
    Merge merge;
  };
  struct Resolved {
    Token left, right, merged;
    uint32_t rank;
  };
  struct Scratch {  // what load() needs meanwhile, behind all that stays
    rt::Span<Resolved> merges;
    rt::Span<uint32_t> order;
    uint64_t stays, bytes;
  };

  Scratch lay_out(const Vocabulary& vocabulary, uintptr_t at);
  void add(Token token, rt::Text text, uint8_t type);
  bool resolve(rt::Text text, Resolved& merge) const;
  void sort(const Scratch& scratch, rt::Span<const rt::Text> merges);
  rt::Text text(Token token) const { return {text_ + start_[token], start_[token + 1] - start_[token]}; }
  uint32_t* bucket(rt::Text text, Kind kind) const;
  Token lookup(rt::Text text, Kind kind) const { return *bucket(text, kind) - 1; }
  uint64_t special_at(rt::Text text, bool trusted, Token& token) const;
  rt::Result<void> encode_words(rt::Text text, Token*& to, rt::Arena& arena) const;

  Splitter splitter_;
  bool llama3_ = false;
  uint64_t salt_ = 0;
  uint64_t special_lengths_ = 0;     // bit n - 1: some special token or literal has n bytes
  uint64_t special_starts_[4] = {};  // a bit for each byte that one of them begins with
  rt::Span<Token> byte_;             // [256] the token that is this byte, or kNoToken
  rt::Span<uint32_t> start_;         // [tokens + 1] where each text starts in text_
  rt::Span<Kind> kind_;              // [tokens]
  rt::Span<uint32_t> buckets_;       // hash table of token + 1, 0 where empty; a power of two long
  rt::Span<uint32_t> first_;         // [tokens + 2] where each left token's pairs start in pairs_
  rt::Span<Pair> pairs_;             // by left, then by right token, then by rank
  char* text_ = nullptr;
};

}  // namespace model
