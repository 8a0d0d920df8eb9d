#pragma once
#include "rt/source.hpp"
#include "model/token.hpp"
#include "rt/arena.hpp"

namespace model {

/// The byte-pair encoder and decoder of LLaMA 2, from llama2.c's tokenizer.bin: int32 longest
/// token, then per token float32 score, int32 length, bytes. The count of tokens is the model's.
class Tokenizer {
 public:
  /// Reads the whole file into `arena`; fails where it does not hold exactly `vocab_size` tokens.
  static rt::Result<Tokenizer> load(rt::ByteSource& source, uint32_t vocab_size, rt::Arena& arena);

  /// What load() takes from its arena for a file of `file_bytes`, in bytes.
  static uint64_t arena_bytes(uint64_t file_bytes, uint32_t vocab_size);

  /// `text` as tokens, BOS first, in memory from `arena`: a space before a text that is not empty,
  /// characters that the vocabulary lacks as bytes, then the adjacent pair with the best-scored
  /// merger merged (the leftmost of equals) until none is left. O(n log n) for n bytes.
  rt::Result<rt::Span<Token>> encode(rt::Text text, rt::Arena& arena) const;

  /// The bytes of `token` when it comes after `previous`: a part of a UTF-8 text, perhaps of a
  /// character. BOS swallows one space after it. Tokens past the vocabulary are empty.
  rt::Text decode(Token previous, Token token) const;

 private:
  rt::Result<rt::Span<char>> allocate(uint64_t file_bytes, uint32_t vocab_size, rt::Arena& arena);
  rt::Text piece(Token token) const;
  int64_t find(rt::Text left, rt::Text right) const;
  void insert(Token token);
  Token* split(rt::Text text, Token* to) const;
  class Merger;

  rt::Span<uint32_t> start_;   // [vocab_size + 1] where each piece starts in text_
  rt::Span<float> score_;      // [vocab_size]
  rt::Span<uint32_t> buckets_;  // hash table of token + 1, 0 where empty; a power of two long
  const char* text_ = nullptr;
};

}  // namespace model
