#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "model/token.hpp"

namespace test {

/// A piece of a vocabulary.
struct Piece {
  std::string text;
  float score = 0;
};

/// tokenizer.bin with these pieces.
std::vector<uint8_t> file_of(const std::vector<Piece>& pieces);

/// The pieces that a made tokenizer's file holds.
std::vector<Piece> pieces_of(const std::vector<uint8_t>& file);

/// The 256 bytes as SentencePiece vocabularies have them: <0x00> to <0xFF>.
std::vector<std::string> byte_pieces();

/// The special tokens and the 256 bytes that every LLaMA-2 vocabulary begins with, then `more`.
std::vector<Piece> with_bytes(const std::vector<Piece>& more);

/// A tokenizer.bin of `vocab_size` (at least 259) made-up tokens: the 256 bytes, then letters and
/// runs of them, so that prompts are merged.
std::vector<uint8_t> made_tokenizer(uint32_t vocab_size);

/// UTF-8 of one code point.
std::string utf8(char32_t c);

/// The character that stands for a byte in byte-level vocabularies: printable ones for themselves, for the others those
/// from U+0100 on.
std::string byte_character(uint8_t byte);
std::string byte_characters(const std::string& bytes);

/// llama2.c's encode, without its tables: every pair is tried, the best is merged, and so on.
class NaiveEncoder {
 public:
  explicit NaiveEncoder(const std::vector<Piece>& pieces) : pieces_(pieces) {
    for (size_t i = 0; i < pieces.size(); ++i)
      numbers_.try_emplace(pieces[i].text, model::Token(i));  // of equal pieces the first counts
  }

  std::vector<model::Token> encode(const std::string& text) const {
    std::vector<model::Token> tokens;
    const std::string all = text.empty() ? "" : " " + text;
    for (size_t at = 0; at < all.size();) {
      size_t n = 1;
      // The space is a text of its own: what follows it never continues it.
      while (at && at + n < all.size() && n < 4 && (uint8_t(all[at + n]) & 0xc0) == 0x80) ++n;
      const std::string character = all.substr(at, n);
      if (const auto whole = find(character))
        tokens.push_back(*whole);
      else
        for (const char byte : character) {
          const model::Token token = uint8_t(byte) + 3u;
          tokens.push_back(token < pieces_.size() ? token : 0);
        }
      at += n;
    }
    while (merge_best(tokens)) {}
    tokens.insert(tokens.begin(), 1);  // BOS
    return tokens;
  }

 private:
  std::optional<model::Token> find(const std::string& text) const {
    const auto found = numbers_.find(text);
    return found == numbers_.end() ? std::nullopt : std::optional(found->second);
  }

  bool merge_best(std::vector<model::Token>& tokens) const {
    float best_score = -1e10f;
    std::optional<size_t> best;
    model::Token merged = 0;
    for (size_t i = 0; i + 1 < tokens.size(); ++i) {
      const auto token = find(pieces_[tokens[i]].text + pieces_[tokens[i + 1]].text);
      if (!token || !(pieces_[*token].score > best_score)) continue;
      best_score = pieces_[*token].score, best = i, merged = *token;
    }
    if (!best) return false;
    tokens[*best] = merged;
    tokens.erase(tokens.begin() + int64_t(*best) + 1);
    return true;
  }

  const std::vector<Piece>& pieces_;
  std::unordered_map<std::string, model::Token> numbers_;
};

}  // namespace test
