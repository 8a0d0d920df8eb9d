#include "model/tokenizers/sentencepiece.hpp"

namespace model {
namespace {

constexpr Token kFirstByte = 3;       // byte b is token b + 3, where the vocabulary does not say
constexpr float kNeverMerged = -1e10f;  // llama2.c merges only above this score

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

/// The byte that a piece like "<0x0A>" stands for, or -1.
int byte_of(rt::Text piece) {
  if (piece.size != 6 || !piece.starts_with("<0x") || piece[5] != '>') return -1;
  const int high = hex_digit(piece[3]), low = hex_digit(piece[4]);
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

struct ByteTable {
  char bytes[256];
};
constexpr ByteTable kBytes = [] {
  ByteTable table{};
  for (int i = 0; i < 256; ++i) table.bytes[i] = char(i);
  return table;
}();

/// The length of the first character, as llama2.c cuts: a byte and up to three that continue it.
uint64_t character_length(rt::Text text) {
  uint64_t n = 1;
  while (n < text.size && n < 4 && (uint8_t(text[n]) & 0xc0) == 0x80) ++n;
  return n;
}

}  // namespace

rt::Result<SentencePiece> SentencePiece::create(const Rules& rules, uint32_t count, uint64_t bytes,
                                                rt::Arena& arena, rt::Arena& scratch) {
  rt::Result<rt::Span<float>> score = arena.make_raw<float>(count);
  if (!score) return score.error();
  rt::Result<Pieces> pieces = Pieces::create(count, bytes, arena, scratch);
  if (!pieces) return pieces.error();
  rt::Result<rt::Span<Token>> byte = arena.make_raw<Token>(256);
  if (!byte) return byte.error();
  SentencePiece s;
  s.rules_ = rules;
  s.byte_ = *byte;
  for (uint32_t b = 0; b < 256 && !arena.is_counting(); ++b) s.byte_[b] = kFirstByte + b < count ? kFirstByte + b : 0;
  s.pieces_ = *pieces;
  s.score_ = *score;
  return s;
}

void SentencePiece::add(uint32_t length, float score) {
  const int byte = byte_of({pieces_.next().data, length});
  if (rules_.bytes_by_name && byte >= 0) byte_[uint32_t(byte)] = pieces_.count();
  score_[pieces_.count()] = score;
  pieces_.add(length);
}

/// Writes `text` to `to` as one token per character, or per byte where the vocabulary lacks the
/// character; returns the end.
Token* SentencePiece::split(rt::Text text, Token* to) const {
  while (!text.empty()) {
    const uint64_t n = character_length(text);
    const int64_t whole = pieces_.find(text.part(0, n));
    if (whole >= 0)
      *to++ = static_cast<Token>(whole);
    else
      for (uint64_t i = 0; i < n; ++i) *to++ = byte_[uint8_t(text[i])];
    text = text.from(n);
  }
  return to;
}

/// Least for the highest score: the bits of a float, but in the order of numbers.
uint32_t rank_of(float score) {
  const uint32_t bits = __builtin_bit_cast(uint32_t, score + 0.0f);  // -0 equals 0
  return bits >> 31 ? bits : ~bits & 0x7fffffff;
}

bool SentencePiece::find(Token left, Token right, Merge& merge) const {
  const rt::Text first = pieces_[left], second = pieces_[right];
  const int64_t merged = pieces_.find(first, second, TextHash(first) + TextHash(second));
  if (merged < 0 || !(score_[uint64_t(merged)] > kNeverMerged)) return false;
  merge = {rank_of(score_[uint64_t(merged)]), Token(merged)};
  return true;
}

rt::Result<void> SentencePiece::encode_plain(rt::Text text, Token*& to, rt::Arena& arena) const {
  const Token* const end = split(text, rules_.space_before ? split(" ", to) : to);
  rt::Result<uint64_t> merged = merge_all(*this, {to, uint64_t(end - to)}, arena);
  if (!merged) return merged.error();
  to += *merged;
  return {};
}

rt::Text SentencePiece::decode(Token previous, Token token) const {
  if (token >= pieces_.count()) return {};
  rt::Text text = pieces_[token];
  if (previous == rules_.first && text.starts_with(" ")) text = text.from(1);
  const int byte = byte_of(text);
  return byte < 0 ? text : rt::Text(kBytes.bytes + byte, 1);
}

}  // namespace model
