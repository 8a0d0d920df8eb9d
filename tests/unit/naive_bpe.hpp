#pragma once
#include <map>
#include <string>
#include <vector>

#include "model/tokenizers/byte_bpe.hpp"
#include "rt/utf.hpp"
#include "tests/host/vocabulary.hpp"
#include "tests/unit/made_model.hpp"

namespace test {

/// A vocabulary as a GGUF file has it.
struct BpeVocabulary {
  std::string pre = "gpt-2";
  std::vector<std::string> tokens;
  std::vector<uint8_t> types;
  std::vector<std::string> merges;
};

/// Byte-level BPE by its definition: words by the alternatives of the regular expressions, each tried in turn; within a
/// word the best pair is looked for again after every merger, by text.
class NaiveBpe {
 public:
  using Rules = model::Splitter::Rules;

  NaiveBpe(const BpeVocabulary& vocabulary, Rules rules, bool whole_words)
      : rules_(rules), whole_words_(whole_words), memory_(16384), arena_(memory_.span()),
        classes_(need(model::CharClasses::unpack(arena_))) {
    for (size_t i = 0; i < vocabulary.tokens.size(); ++i)
      if (vocabulary.types.empty() || vocabulary.types[i] == 1) ids_.try_emplace(vocabulary.tokens[i], model::Token(i));
    for (size_t rank = 0; rank < vocabulary.merges.size(); ++rank) {
      const std::string& merge = vocabulary.merges[rank];
      const size_t space = merge.find(' ', 1);
      if (space == std::string::npos) continue;
      const std::string left = merge.substr(0, space), right = merge.substr(space + 1);
      if (ids_.count(left) && ids_.count(right) && ids_.count(left + right)) ranks_.try_emplace({left, right}, rank);
    }
  }

  std::vector<std::string> words(const std::string& text) const {
    std::vector<std::string> all;
    const std::vector<Character> characters = characters_of(text);
    if (rules_ != Rules::smollm) return words(characters);
    std::vector<Character> piece;
    const auto end_piece = [&] {
      for (const std::string& word : words(piece)) all.push_back(word);
      piece.clear();
    };
    for (const Character& c : characters) {
      if (c.kind != model::CharClass::number) {
        piece.push_back(c);
        continue;
      }
      end_piece();
      all.push_back(c.bytes);
    }
    end_piece();
    return all;
  }

  /// The ids of plain text.
  std::vector<model::Token> encode(const std::string& text) const {
    std::vector<model::Token> ids;
    for (const std::string& word : words(text))
      for (const model::Token id : encode_word(word)) ids.push_back(id);
    return ids;
  }

 private:
  struct Character {
    std::string bytes;
    model::CharClass kind;
    bool is(model::CharClass other) const { return kind == other; }
    bool is(char c) const { return bytes == std::string(1, c); }
    bool breaks() const { return is('\r') || is('\n'); }
  };
  using Characters = std::vector<Character>;

  /// A byte that is no part of a character stands for itself.
  Characters characters_of(const std::string& text) const {
    Characters all;
    for (size_t at = 0; at < text.size();) {
      size_t n = 0;
      char32_t value = 0x110000;
      for (size_t length = 1; length <= 4 && at + length <= text.size() && !n; ++length) {
        rt::Utf8Decoder decoder;
        char32_t last = 0;
        size_t count = 0;
        for (size_t i = 0; i < length; ++i) decoder.feed(uint8_t(text[at + i]), [&](char32_t c) { last = c, ++count; });
        if (count == 1 && !decoder.pending() && utf8(last) == text.substr(at, length)) n = length, value = last;
      }
      all.push_back({text.substr(at, n ? n : 1), classes_.of(value)});
      at += n ? n : 1;
    }
    return all;
  }

  std::vector<std::string> words(const Characters& text) const {
    std::vector<std::string> all;
    for (size_t at = 0; at < text.size();) {
      size_t n = rules_ <= Rules::smollm ? match_gpt2(text, at) : match_llama3(text, at);
      if (!n) n = 1;
      std::string word;
      for (; n; --n) word += text[at++].bytes;
      all.push_back(word);
    }
    return all;
  }

  template <class Is>
  static size_t run(const Characters& text, size_t at, Is is) {
    size_t n = 0;
    while (at + n < text.size() && is(text[at + n])) ++n;
    return n;
  }
  static auto of(model::CharClass kind) {
    return [kind](const Character& c) { return c.is(kind); };
  }

  static size_t contraction(const Characters& text, size_t at, bool any_case) {
    for (const std::string tail : {"s", "t", "re", "ve", "m", "ll", "d"}) {
      size_t n = text[at].is('\'') ? 1 : 0;
      for (const char c : tail)
        if (n && at + n < text.size() && (text[at + n].is(c) || (any_case && text[at + n].is(char(c - 32))))) ++n;
        else n = 0;
      if (n) return n;
    }
    return 0;
  }

  /// \s+(?!\S)|\s+
  static size_t spaces(const Characters& text, size_t at) {
    const size_t all = run(text, at, of(model::CharClass::space));
    for (size_t n = all; n; --n)
      if (at + n == text.size() || text[at + n].is(model::CharClass::space)) return n;
    return all;
  }

  static size_t match_gpt2(const Characters& text, size_t at) {
    if (const size_t n = contraction(text, at, false)) return n;
    const size_t space = text[at].is(' ');
    for (const auto kind : {model::CharClass::letter, model::CharClass::number, model::CharClass::other})
      for (size_t skip = space + 1; skip-- > 0;)
        if (const size_t n = run(text, at + skip, of(kind))) return skip + n;
    return spaces(text, at);
  }

  size_t match_llama3(const Characters& text, size_t at) const {
    using enum model::CharClass;
    if (const size_t n = contraction(text, at, true)) return n;
    const bool optional = !text[at].breaks() && !text[at].is(letter) && !text[at].is(number);
    for (size_t skip = optional + 1u; skip-- > 0;)
      if (const size_t n = run(text, at + skip, of(letter))) return skip + n;
    if (const size_t n = run(text, at, of(number))) return std::min<size_t>(n, rules_ == Rules::llama3 ? 3 : 1);
    for (size_t skip = text[at].is(' ') + 1u; skip-- > 0;)
      if (const size_t n = run(text, at + skip, of(other)))
        return skip + n + run(text, at + skip + n, [](const Character& c) { return c.breaks(); });
    for (size_t n = run(text, at, of(space)) + 1; n-- > 0;)  // \s*[\r\n]+
      if (const size_t breaks = run(text, at + n, [](const Character& c) { return c.breaks(); })) return n + breaks;
    return spaces(text, at);
  }

  std::vector<model::Token> encode_word(const std::string& word) const {
    if (whole_words_)
      if (const auto whole = ids_.find(byte_characters(word)); whole != ids_.end()) return {whole->second};
    std::vector<std::string> parts;
    for (const char byte : word) parts.push_back(byte_character(uint8_t(byte)));
    for (;;) {
      size_t best = 0, best_rank = ~size_t{0};
      for (size_t i = 0; i + 1 < parts.size(); ++i) {
        const auto found = ranks_.find({parts[i], parts[i + 1]});
        if (found != ranks_.end() && found->second < best_rank) best = i, best_rank = found->second;
      }
      if (best_rank == ~size_t{0}) break;
      parts[best] += parts[best + 1];
      parts.erase(parts.begin() + int64_t(best) + 1);
    }
    std::vector<model::Token> ids;
    for (const std::string& part : parts)
      if (const auto found = ids_.find(part); found != ids_.end()) ids.push_back(found->second);
    return ids;
  }

  Rules rules_;
  bool whole_words_;
  Exact<uint8_t> memory_;
  rt::Arena arena_;
  model::CharClasses classes_;
  std::map<std::string, model::Token> ids_;
  std::map<std::pair<std::string, std::string>, size_t> ranks_;
};

/// A byte-level tokenizer, and room for encoding.
class MadeBpe {
 public:
  explicit MadeBpe(const BpeVocabulary& vocabulary, const model::Tokenizer::Rules& rules = {}) {
    std::vector<rt::Text> tokens, merges;
    uint64_t bytes = 0;
    for (const std::string& token : vocabulary.tokens) {
      tokens.push_back({token.data(), token.size()});
      bytes += token.size();
    }
    for (const std::string& merge : vocabulary.merges) merges.push_back({merge.data(), merge.size()});
    const rt::Text pre = {vocabulary.pre.data(), vocabulary.pre.size()};
    const model::ByteBpe::Dialect* const dialect = model::ByteBpe::dialect(pre, tokens.size());
    if (!dialect) throw std::runtime_error("no such dialect");
    // Twice the texts and 21 bytes for a token, should all be special; 12 for a merger; 7 KB for what is always there.
    memory_ = std::make_unique<Exact<uint8_t>>(bytes * 2 + tokens.size() * 36 + merges.size() * 12 + 9000);
    rt::Arena arena(memory_->span());
    const Exact<uint8_t> scratch_memory(tokens.size() * 8 + merges.size() * 20 + 256);
    rt::Arena scratch(scratch_memory.span());
    rt::Result<void> loaded = bpe_.load(rules, *dialect,
                                        {{tokens.data(), tokens.size()},
                                         {vocabulary.types.data(), vocabulary.types.size()},
                                         {merges.data(), merges.size()}},
                                        arena, scratch);
    if (!loaded) throw std::runtime_error(loaded.error().text);
  }

  const model::ByteBpe& operator*() const { return bpe_; }
  const model::ByteBpe* operator->() const { return &bpe_; }

  std::vector<model::Token> encode(const std::vector<std::pair<std::string, bool>>& parts) const {
    std::vector<model::TextPart> spans;
    uint64_t size = 0;
    for (const auto& [text, trusted] : parts) {
      spans.push_back({{text.data(), text.size()}, trusted});
      size += text.size();
    }
    // 4 bytes for each token; then a copy of the text, and 36 for every token of a word while it is merged.
    const Exact<uint8_t> memory(size * 41 + 256);
    rt::Arena arena(memory.span());
    const rt::Span<model::Token> tokens = need(bpe_.encode({spans.data(), spans.size()}, arena));
    EXPECT_LE(arena.used(), size * 4 + 4) << "only the tokens stay";
    return {tokens.begin(), tokens.end()};
  }
  std::vector<model::Token> encode(const std::string& text, bool trusted = false) const {
    return encode({{text, trusted}});
  }
  std::string decode(const std::vector<model::Token>& tokens) const {
    std::string text;
    for (const model::Token token : tokens) text += string(bpe_.decode(0, token));
    return text;
  }

 private:
  std::unique_ptr<Exact<uint8_t>> memory_;
  model::ByteBpe bpe_;
};

}  // namespace test
