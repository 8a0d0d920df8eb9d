#include "model/tokenizers/special_tokens.hpp"

#include "model/tokenizers/end_tokens.hpp"

namespace model {
namespace {

// What find_at() tries; a text of one byte needs no token of this kind.
constexpr uint64_t kShortest = 2, kLongest = 63;

bool is_special(uint8_t type, rt::Text text) {
  if (text.size < kShortest || text.size > kLongest) return false;
  switch (TokenType(type)) {
    case TokenType::unknown:
    case TokenType::control:
    case TokenType::user_defined: return true;
    default: return is_end_text(text);
  }
}

}  // namespace

bool SpecialTokens::silent(uint8_t type, rt::Text text) {
  switch (TokenType(type)) {
    case TokenType::unknown:
    case TokenType::control:
    case TokenType::unused: return true;
    default: return is_end_text(text);
  }
}

rt::Result<void> SpecialTokens::load(rt::Span<const rt::Text> tokens, rt::Span<const uint8_t> types,
                                     rt::Arena& arena, rt::Arena& scratch) {
  uint32_t count = 0;
  uint64_t bytes = 0;
  const auto type_of = [&](Token token) { return types.empty() ? uint8_t{0} : types[token]; };
  for (Token token = 0; token < tokens.count; ++token)
    if (is_special(type_of(token), tokens[token])) ++count, bytes += tokens[token].size;
  rt::Result<rt::Span<Entry>> entries = arena.make_raw<Entry>(count);
  if (!entries) return entries.error();
  rt::Result<Pieces> texts = Pieces::create(count, bytes, arena, scratch);
  if (!texts) return texts.error();
  entries_ = *entries;
  texts_ = *texts;
  for (Token token = 0; token < tokens.count; ++token) {
    const rt::Text text = tokens[token];
    if (!is_special(type_of(token), text)) continue;
    const bool hidden = silent(type_of(token), text);
    entries_[texts_.count()] = {token, !hidden, hidden && is_end_text(text)};
    rt::copy_bytes(texts_.next().data, text.data, text.size);
    texts_.add(uint32_t(text.size));
    lengths_ |= uint64_t{1} << text.size;
    starts_[uint8_t(text[0]) / 64] |= uint64_t{1} << uint8_t(text[0]) % 64;
  }
  texts_.finish();
  return {};
}

uint64_t SpecialTokens::find_at(rt::Text text, bool trusted, Token& token) const {
  const uint8_t start = uint8_t(text[0]);
  if (!(starts_[start / 64] >> start % 64 & 1)) return 0;
  for (uint64_t n = rt::min(text.size, kLongest); n >= kShortest; --n) {
    if (!(lengths_ >> n & 1)) continue;
    const int64_t found = texts_.find(text.part(0, n));
    if (found < 0 || !(trusted || entries_[uint64_t(found)].anywhere)) continue;
    token = entries_[uint64_t(found)].token;
    return n;
  }
  return 0;
}

bool SpecialTokens::ends_text(Token token) const {
  for (const Entry& entry : entries_)
    if (entry.token == token) return entry.ends;
  return false;
}

}  // namespace model
