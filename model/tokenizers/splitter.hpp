#pragma once
#include "model/tokenizers/unicode.hpp"

namespace model {

/// Cuts a text into the words within which byte-level BPE merges. The rules are regular expressions in the models'
/// own files; here they are loops over characters.
class Splitter {
 public:
  /// gpt2: 's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
  /// smollm: every number character by itself; between them as gpt2.
  /// llama3, qwen2: (?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|
  ///   \s*[\r\n]+|\s+(?!\S)|\s+, with \p{N} instead of \p{N}{1,3} for qwen2.
  enum class Rules : uint8_t { gpt2, smollm, llama3, qwen2 };

  Splitter() = default;
  Splitter(Rules rules, const CharClasses& classes) : rules_(rules), classes_(classes) {}

  /// The length in bytes of the first word of `text`, which is not empty. A byte that is no part of a character is a
  /// character of class `other`. Of n bytes in all, each is looked at a bounded number of times.
  uint64_t first_word(rt::Text text) const;

 private:
  class Reader;
  static void read_gpt2(Reader& in);
  void read_llama3(Reader& in) const;

  Rules rules_{};
  CharClasses classes_;
};

}  // namespace model
