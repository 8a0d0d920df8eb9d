#include "model/tokenizers/byte_bpe.hpp"

namespace model {
namespace {

/// The byte that a character of a token's text stands for, or -1: printable characters of Latin-1 are themselves, the
/// other 68 bytes are U+0100 and up, in order.
int byte_of(char32_t c) {
  if ((c >= 0x21 && c <= 0x7e) || (c >= 0xa1 && c <= 0xff && c != 0xad)) return int(c);
  const uint32_t i = uint32_t(c) - 0x100;
  return i < 33 ? int(i) : i < 67 ? int(0x7f + i - 33) : i == 67 ? 0xad : -1;
}

/// Turns a token's text into the bytes it stands for, at `to`; their number, or -1 where it stands for none.
int64_t to_bytes(const rt::Text& text, char* to) {
  const char* const first = to;
  for (uint64_t i = 0; i < text.size; ++i) {
    char32_t c = uint8_t(text[i]);
    if (c >= 0xc2 && c <= 0xc5 && i + 1 < text.size && uint8_t(text[i + 1]) >> 6 == 2)
      c = (c & 0x1f) << 6 | (uint8_t(text[++i]) & 0x3f);
    else if (c >= 0x80)
      return -1;
    const int byte = byte_of(c);
    if (byte < 0) return -1;
    *to++ = char(byte);
  }
  return to - first;
}

}  // namespace

const ByteBpe::Dialect* ByteBpe::dialect(rt::Text name, uint64_t vocab_size) {
  static constexpr Dialect kDialects[] = {
      {"gpt-2", Splitter::Rules::gpt2, false},       {"smollm", Splitter::Rules::smollm, false},
      {"starcoder", Splitter::Rules::smollm, false}, {"refact", Splitter::Rules::smollm, false},
      {"llama-bpe", Splitter::Rules::llama3, true},  {"llama3", Splitter::Rules::llama3, true},
      {"llama-v3", Splitter::Rules::llama3, true},   {"falcon3", Splitter::Rules::llama3, true},
      {"qwen2", Splitter::Rules::qwen2, false},
  };
  // Of tokenizers without a name only Llama 3's is known by its size.
  if ((name.empty() || name == "default") && vocab_size == 128256) name = "llama3";
  for (const Dialect& dialect : kDialects)
    if (name == dialect.name) return &dialect;
  return nullptr;
}

rt::Result<void> ByteBpe::load(const Rules& rules, const Dialect& dialect, const Vocabulary& vocabulary,
                               rt::Arena& arena, rt::Arena& scratch) {
  const uint64_t n = vocabulary.tokens.count, merges = vocabulary.merges.count;
  uint64_t bytes = 0;
  for (const rt::Text& text : vocabulary.tokens) bytes += text.size;
  if (rt::Result<void> specials = specials_.load(vocabulary.tokens, vocabulary.types, arena, scratch); !specials)
    return specials;
  rt::Result<CharClasses> classes = CharClasses::unpack(arena);
  if (!classes) return classes.error();
  rt::Result<Pieces> pieces = Pieces::create(uint32_t(n), bytes, arena, scratch);
  if (!pieces) return pieces.error();
  rt::Result<rt::Span<uint32_t>> numbers = arena.make_raw<uint32_t>(256 + n + 2 + merges * kPairNumbers);
  if (!numbers) return numbers.error();
  rt::Result<rt::Span<Resolved>> resolved = scratch.make_raw<Resolved>(merges);
  if (!resolved) return resolved.error();
  rules_ = rules;
  splitter_ = Splitter(dialect.splits, *classes);
  keeps_words_ = dialect.llama3;
  pieces_ = *pieces;
  byte_ = numbers->part(0, 256);
  first_ = numbers->part(256, n + 2);
  pairs_ = reinterpret_cast<Pair*>(first_.end());

  for (Token token = 0; token < n; ++token)
    add(vocabulary.tokens[token], vocabulary.types.empty() ? 0 : vocabulary.types[token]);
  pieces_.finish();
  for (uint32_t byte = 0; byte < 256; ++byte) {
    const char c = char(byte);
    byte_[byte] = find({&c, 1});
  }
  uint64_t count = 0;
  for (uint32_t rank = 0; rank < merges; ++rank) {
    (*resolved)[count].rank = rank;
    count += resolve(vocabulary.merges[rank], (*resolved)[count]);
  }
  sort(resolved->part(0, count));
  return {};
}

void ByteBpe::add(rt::Text text, uint8_t type) {
  int64_t size = 0;
  if (text.size > Pieces::kLongest || SpecialTokens::silent(type, text)) {
    // prints nothing, and no text becomes this
  } else if (TokenType(type) == TokenType::user_defined) {
    rt::copy_bytes(pieces_.next().data, text.data, text.size);
    size = int64_t(text.size);
  } else {
    size = rt::max<int64_t>(to_bytes(text, pieces_.next().data), 0);
  }
  pieces_.add(uint32_t(size));
}

/// The tokens of "left right" and of both joined; false where one of them is none.
bool ByteBpe::resolve(rt::Text text, Resolved& merge) const {
  char bytes[2 * Pieces::kLongest];
  if (text.size > sizeof bytes) return false;
  uint64_t space = 1;
  while (space < text.size && text[space] != ' ') ++space;
  if (space >= text.size) return false;
  const int64_t left = to_bytes(text.part(0, space), bytes);
  if (left < 0) return false;
  const int64_t right = to_bytes(text.from(space + 1), bytes + left);
  if (right < 0) return false;
  merge.left = find({bytes, uint64_t(left)});
  merge.right = find({bytes + left, uint64_t(right)});
  merge.merged = find({bytes, uint64_t(left + right)});
  return merge.left != kNoToken && merge.right != kNoToken && merge.merged != kNoToken;
}

/// Sorts the merges by left, right and rank into pairs_: twice by counting, so that no order of theirs is a bad one.
void ByteBpe::sort(rt::Span<Resolved> merges) {
  // Makes first_[key + 1] the place of the first merge with that key. Whoever then takes places from there, and counts
  // on, leaves in first_[key] what was in first_[key + 1].
  const auto count = [&](Token Resolved::*key) {
    rt::fill_bytes(first_.data, 0, first_.bytes());
    for (const Resolved& merge : merges) ++first_[merge.*key + 2];
    for (uint64_t i = 2; i < first_.count; ++i) first_[i] += first_[i - 1];
  };
  count(&Resolved::right);
  for (uint32_t i = 0; i < merges.count; ++i) merges[first_[merges[i].right + 1]++].ordered = i;
  count(&Resolved::left);
  for (const Resolved& place : merges) {
    const Resolved& merge = merges[place.ordered];
    pairs_[first_[merge.left + 1]++] = {merge.right, {merge.rank, merge.merged}};
  }
  pieces_.count_steps(3 * first_.count + 6 * merges.count);
}

/// The token with these bytes, or kNoToken.
Token ByteBpe::find(const rt::Text& bytes) const {
  const int64_t found = bytes.empty() ? -1 : pieces_.find(bytes);
  return found < 0 ? kNoToken : Token(found);
}

bool ByteBpe::find(Token left, Token right, Merge& merge) const {
  if (left == kNoToken) return false;
  uint32_t first = first_[left], end = first_[left + 1];
  for (uint32_t n = end - first; n;) {
    const uint32_t half = n / 2;
    const bool before = pairs_[first + half].right < right;
    if (before) first += half + 1;
    n = before ? n - half - 1 : half;
    pieces_.count_steps(1);
  }
  if (first == end || pairs_[first].right != right) return false;
  merge = pairs_[first].merge;
  return true;
}

rt::Result<void> ByteBpe::encode_plain(rt::Text text, Token*& to, rt::Arena& arena) const {
  while (!text.empty()) {
    const rt::Text word = text.part(0, splitter_.first_word(text));
    text = text.from(word.size);
    if (keeps_words_) {
      const Token whole = find(word);
      if (whole != kNoToken) {
        *to++ = whole;
        continue;
      }
    }
    for (uint64_t i = 0; i < word.size; ++i) to[i] = byte_[uint8_t(word[i])];
    rt::Result<uint64_t> merged = merge_all(*this, {to, word.size}, arena);
    if (!merged) return merged.error();
    Token* const end = to + *merged;
    for (const Token* from = to; from < end; ++from)
      if (*from != kNoToken) *to++ = *from;  // bytes that the vocabulary lacks are left out
  }
  return {};
}

rt::Text ByteBpe::decode(Token, Token token) const {
  return token < pieces_.count() ? pieces_[token] : rt::Text();
}

}  // namespace model
