#include "model/tokenizers/tokenizer.hpp"

namespace model {

rt::Result<rt::Span<Token>> Tokenizer::encode(rt::Text text, rt::Arena& arena) const {
  const TextPart part = {text, false};
  rt::Result<rt::Span<Token>> tokens = encode({&part, 1}, 1, arena);
  if (tokens) (*tokens)[0] = first();
  return tokens;
}

rt::Result<rt::Span<Token>> Tokenizer::encode(rt::Span<const TextPart> parts, rt::Arena& arena) const {
  return encode(parts, 0, arena);
}

/// Leaves room for so many tokens in front.
rt::Result<rt::Span<Token>> Tokenizer::encode(rt::Span<const TextPart> parts, uint64_t in_front,
                                              rt::Arena& arena) const {
  constexpr uint64_t kLongest = uint64_t{1} << 28;  // node numbers are 32 bits
  uint64_t size = 0;
  for (const TextPart& part : parts) {
    size += part.text.size;
    if (part.text.size > kLongest || size > kLongest)
      return rt::fail(rt::Errc::usage, size, "a text of %'llu bytes is too long",
                      static_cast<unsigned long long>(size));
  }
  // A plain text may give one token more than it has bytes, and the special token behind it has two bytes at least.
  rt::Result<rt::Span<Token>> tokens = arena.make_raw<Token>(in_front + size + 1);
  if (!tokens) return tokens;
  const rt::Arena::Mark mark = arena.mark();
  rt::Result<rt::Span<char>> copy = arena.make_raw<char>(size);
  if (!copy) return copy.error();
  Token* to = tokens->data + in_front;
  uint64_t begun = 0, at = 0, filled = 0;
  for (uint64_t i = 0;; ++i) {
    // Beyond the last part stands, as it were, one more special token.
    const bool ended = i == parts.count;
    if (!ended) {
      rt::copy_bytes(copy->data + filled, parts[i].text.data, parts[i].text.size);
      filled += parts[i].text.size;
    }
    while (at < filled || ended) {
      Token special;
      const uint64_t n = ended ? 0 : specials_.find_at({copy->data + at, filled - at}, parts[i].trusted, special);
      if (!n && !ended) {
        ++at;
        continue;
      }
      if (at > begun) {
        rt::Result<void> done = encode_plain({copy->data + begun, at - begun}, to, arena);
        if (!done) return done.error();
      }
      if (ended) {
        arena.rewind(mark);
        return tokens->part(0, uint64_t(to - tokens->data));
      }
      *to++ = special;
      begun = at += n;
    }
  }
}

bool Tokenizer::ends_text(Token token) const {
  if (token == rules_.last || token == rules_.ends_turn || token == rules_.ends_message) return true;
  return specials_.ends_text(token);
}

}  // namespace model
