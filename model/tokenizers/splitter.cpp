#include "model/tokenizers/splitter.hpp"

namespace model {
namespace {

struct Character {
  char32_t value;
  uint32_t bytes;
};

/// The first character of `text`, which is not empty; a byte that begins none is a value that no character has.
Character first_character(rt::Text text) {
  const uint8_t lead = uint8_t(text[0]);
  const uint32_t n = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  constexpr Character kNone = {0x110000, 1};
  if (n == 1) return {lead, 1};
  if (lead < 0xc2 || lead > 0xf4 || n > text.size) return kNone;
  char32_t value = lead & (0x7fu >> n);
  for (uint32_t i = 1; i < n; ++i) {
    const uint8_t byte = uint8_t(text[i]);
    if (byte >> 6 != 2) return kNone;
    value = value << 6 | (byte & 0x3f);
  }
  constexpr char32_t kLeast[] = {0, 0, 0x80, 0x800, 0x10000};
  if (value < kLeast[n] || value > 0x10ffff || value >> 11 == 0xd800 >> 11) return kNone;
  return {value, n};
}

bool is_break(char c) { return c == '\r' || c == '\n'; }

/// The length of 's, 't, 're, 've, 'm, 'll or 'd at the front of `text`, or 0.
uint64_t contraction(rt::Text text, bool any_case) {
  if (text.size < 2 || text[0] != '\'') return 0;
  const auto letter = [&](uint64_t i) -> char {
    const char c = i < text.size ? text[i] : '\0';
    return any_case && c >= 'A' && c <= 'Z' ? char(c + 'a' - 'A') : c;
  };
  const char first = letter(1), second = letter(2);
  if (first == 's' || first == 't' || first == 'm' || first == 'd') return 2;
  if ((first == 'l' && second == 'l') || ((first == 'r' || first == 'v') && second == 'e')) return 3;
  return 0;
}

}  // namespace

/// A place in a text, and the class of the character there.
class Splitter::Reader {
 public:
  Reader(rt::Text text, const CharClasses& classes, bool numbers_end_it)
      : text_(text), classes_(classes), numbers_end_it_(numbers_end_it) {
    look();
  }

  uint64_t at() const { return at_; }
  rt::Text text() const { return text_; }
  CharClass kind() const { return kind_; }
  bool is(CharClass kind) const { return !ended_ && kind_ == kind; }
  bool ended() const { return ended_; }
  char byte() const { return text_[at_]; }
  /// The same text, one character further on.
  Reader following() const {
    Reader next = *this;
    next.skip();
    return next;
  }

  void skip() { skip(bytes_); }
  void skip(uint64_t bytes) {
    at_ += bytes;
    look();
  }
  void skip_all(CharClass kind) {
    while (is(kind)) skip();
  }
  /// White space: all of it where the text ends with it. Else the last character stays, as the front of the next
  /// word, unless it is the only one.
  void skip_space() {
    uint64_t last = at_;
    const uint64_t first = at_;
    for (; is(CharClass::space); skip()) last = at_;
    if (!ended_ && last > first) at_ = last;
  }

 private:
  void look() {
    ended_ = at_ >= text_.size;
    if (ended_) return;
    const Character c = first_character(text_.from(at_));
    bytes_ = c.bytes;
    kind_ = classes_.of(c.value);
    ended_ = numbers_end_it_ && kind_ == CharClass::number;
  }

  rt::Text text_;
  const CharClasses& classes_;
  uint64_t at_ = 0;
  uint32_t bytes_ = 0;
  CharClass kind_{};
  bool numbers_end_it_, ended_ = false;
};

uint64_t Splitter::first_word(rt::Text text) const {
  Reader in(text, classes_, rules_ == Rules::smollm);
  if (in.ended()) in.skip();  // a number by itself
  else if (rules_ <= Rules::smollm) read_gpt2(in);
  else read_llama3(in);
  return in.at();
}

void Splitter::read_gpt2(Reader& in) {
  if (const uint64_t n = contraction(in.text(), false)) return in.skip(n);
  if (in.byte() == ' ') {
    const Reader next = in.following();
    if (!next.ended() && !next.is(CharClass::space)) in.skip();
  }
  if (in.is(CharClass::space)) return in.skip_space();
  in.skip_all(in.kind());
}

void Splitter::read_llama3(Reader& in) const {
  if (const uint64_t n = contraction(in.text(), true)) return in.skip(n);
  const Reader next = in.following();
  if (in.is(CharClass::letter) ||
      (!in.is(CharClass::number) && !is_break(in.byte()) && next.is(CharClass::letter))) {
    in.skip();
    return in.skip_all(CharClass::letter);
  }
  if (in.is(CharClass::number)) {
    for (int left = rules_ == Rules::llama3 ? 3 : 1; left && in.is(CharClass::number); --left) in.skip();
    return;
  }
  if (in.is(CharClass::other) || (in.byte() == ' ' && next.is(CharClass::other))) {
    in.skip();
    in.skip_all(CharClass::other);
    while (!in.ended() && is_break(in.byte())) in.skip();
    return;
  }
  uint64_t broken = 0;  // behind the last line break
  for (Reader ahead = in; ahead.is(CharClass::space);) {
    const bool breaks = is_break(ahead.byte());
    ahead.skip();
    if (breaks) broken = ahead.at();
  }
  if (broken) in.skip(broken);
  else in.skip_space();
}

}  // namespace model
