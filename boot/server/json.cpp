#include "boot/server/json.hpp"

#include "rt/parse.hpp"
#include "rt/utf.hpp"

namespace json {
namespace {

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// The value of a hexadecimal digit, or -1.
int hex(char c) {
  if (is_digit(c)) return c - '0';
  c = char(c | 0x20);
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/// Four hexadecimal digits; -1 where they are none.
int32_t unit(const char* at) {
  int32_t value = 0;
  for (int i = 0; i < 4; ++i) {
    const int digit = hex(at[i]);
    if (digit < 0) return -1;
    value = value * 16 + digit;
  }
  return value;
}

constexpr char kEscapes[] = "\"\\/bfnrt";
constexpr char kMeanings[] = "\"\\/\b\f\n\r\t";

/// Takes one character or escape of a string that was judged; writes it as UTF-8 and returns how many bytes.
int take_character(const char*& at, char (&out)[4]) {
  if (*at != '\\') {
    out[0] = *at++;
    return 1;
  }
  const char c = at[1];
  at += 2;
  if (c != 'u') {
    int i = 0;
    while (kEscapes[i] != c) ++i;
    out[0] = kMeanings[i];
    return 1;
  }
  auto code = char32_t(unit(at));
  at += 4;
  if (code >= 0xd800 && code < 0xdc00) {
    code = 0x10000 + ((code & 0x3ff) << 10) + (char32_t(unit(at + 2)) & 0x3ff);
    at += 6;
  }
  return rt::encode_utf8(code, out);
}

const char* skip_space(const char* at) {
  while (is_space(*at)) ++at;
  return at;
}

/// Behind a string that was judged.
const char* skip_string(const char* at) {
  for (++at; *at != '"'; ++at) at += *at == '\\';
  return at + 1;
}

/// Behind a value that was judged.
const char* skip_value(const char* at) {
  uint32_t depth = 0;
  do {
    if (*at == '"') {
      at = skip_string(at);
      continue;
    }
    if (*at == '{' || *at == '[') ++depth;
    if (*at == '}' || *at == ']') --depth;
    if (depth || *at == '}' || *at == ']') {
      ++at;
      continue;
    }
    while (*at && !is_space(*at) && *at != ',' && *at != '}' && *at != ']') ++at;
  } while (depth);
  return at;
}

/// Judges a text.
class Judge {
 public:
  explicit Judge(rt::Text text) : begin_(text.data), at_(text.data), end_(text.end()) {}

  /// nullptr: it is right. Else what is wrong at(); how far that is from the beginning.
  const char* judge() {
    do {
      if (const char* wrong = step()) return wrong;
    } while (depth_ || state_ != State::behind);
    space();
    return at_ == end_ ? nullptr : "something stands behind the end";
  }
  uint64_t offset() const { return uint64_t(at_ - begin_); }

 private:
  enum class State : uint8_t { value, first_value, name, first_name, behind };

  const char* step() {
    space();
    if (at_ == end_) return "it ends too early";
    const char c = *at_;
    switch (state_) {
      case State::first_value:
      case State::first_name:
        if (c == (state_ == State::first_value ? ']' : '}')) return close();
        state_ = state_ == State::first_value ? State::value : State::name;
        return nullptr;
      case State::name: return name();
      case State::value: return value();
      case State::behind:
        if (c == ',') {
          ++at_;
          state_ = in_object() ? State::name : State::value;
          return nullptr;
        }
        return c == (in_object() ? '}' : ']') ? close() : "a comma or an end is wanted";
    }
    return nullptr;
  }

  const char* value() {
    const char c = *at_;
    if (c == '{' || c == '[') return open(c == '{');
    state_ = State::behind;
    if (c == '"') return string();
    if (c == '-' || is_digit(c)) return number();
    static constexpr rt::Text kWords[] = {"true", "false", "null"};
    for (const rt::Text& word : kWords)
      if (rt::Text(at_, uint64_t(end_ - at_)).starts_with(word)) {
        at_ += word.size;
        return nullptr;
      }
    return "a value is wanted";
  }

  const char* open(bool object) {
    if (depth_ == kMostDepth) return "arrays and objects are nested too deeply";
    ++at_;
    names_before_[depth_] = names_;
    objects_ = objects_ << 1 | object;
    ++depth_;
    state_ = object ? State::first_name : State::first_value;
    return nullptr;
  }

  const char* close() {
    ++at_;
    names_ = names_before_[--depth_];
    objects_ >>= 1;
    state_ = State::behind;
    return nullptr;
  }

  const char* name() {
    if (*at_ != '"') return "a name in quotes is wanted";
    if (names_ == kMostNames) return "objects have too many names";
    const char* const from = at_;
    if (const char* wrong = string()) return wrong;
    // Names are remembered by hashes of 64 bits: who finds two names with one hash gets them refused.
    uint64_t hash = 0xcbf29ce484222325;
    char bytes[4];
    for (const char* at = from + 1; *at != '"';)
      for (int i = 0, n = take_character(at, bytes); i < n; ++i) hash = (hash ^ uint8_t(bytes[i])) * 0x100000001b3;
    for (uint32_t i = names_before_[depth_ - 1]; i < names_; ++i)
      if (hashes_[i] == hash) return "a name stands twice in an object";
    hashes_[names_++] = hash;
    space();
    if (at_ == end_ || *at_ != ':') return "a colon is wanted";
    ++at_;
    state_ = State::value;
    return nullptr;
  }

  const char* string() {
    for (++at_; at_ < end_ && *at_ != '"';) {
      if (uint8_t(*at_) < 0x20) return "a control character stands in a string";
      if (*at_ == '\\') {
        if (!escape()) return "an escape in a string is none";
      } else {
        const char* const from = at_;
        bool ends = false;
        bool valid = true;
        while (at_ < end_ && !ends)
          utf8_.feed(uint8_t(*at_++), [&](char32_t c) {
            valid = valid && !ends && c != rt::kReplacement;
            ends = true;
          });
        // U+FFFD itself is one too.
        if (!valid && !(at_ - from == 3 && rt::Text(from, 3) == "\xef\xbf\xbd")) {
          at_ = from;
          return "a string is no UTF-8";
        }
      }
    }
    if (at_ == end_ || utf8_.pending()) return "it ends within a string";
    ++at_;
    return nullptr;
  }

  bool escape() {
    if (end_ - at_ < 2) return false;
    if (at_[1] != 'u') {
      const bool known = rt::Text(kEscapes).contains(at_[1]);
      at_ += 2;
      return known;
    }
    if (end_ - at_ < 6) return false;
    const int32_t first = unit(at_ + 2);
    at_ += 6;
    if (first < 0xd800 || first > 0xdfff) return first >= 0;
    if (first >= 0xdc00 || end_ - at_ < 6 || at_[0] != '\\' || at_[1] != 'u') return false;
    const int32_t second = unit(at_ + 2);
    at_ += 6;
    return second >= 0xdc00 && second <= 0xdfff;
  }

  bool digits() {
    const char* const from = at_;
    while (at_ < end_ && is_digit(*at_)) ++at_;
    return at_ > from;
  }

  const char* number() {
    constexpr const char* kWrong = "a number is none";
    at_ += *at_ == '-';
    const bool zero = at_ < end_ && *at_ == '0';
    if (zero) ++at_;
    else if (!digits()) return kWrong;
    if (at_ < end_ && *at_ == '.') {
      ++at_;
      if (!digits()) return kWrong;
    }
    if (at_ < end_ && (*at_ | 0x20) == 'e') {
      ++at_;
      if (at_ < end_ && (*at_ == '+' || *at_ == '-')) ++at_;
      if (!digits()) return kWrong;
    }
    return nullptr;
  }

  void space() {
    while (at_ < end_ && is_space(*at_)) ++at_;
  }
  bool in_object() const { return objects_ & 1; }

  const char *begin_, *at_, *end_;
  State state_ = State::value;
  uint32_t depth_ = 0, names_ = 0;
  uint64_t objects_ = 0;  // a bit for each level, the innermost lowest: is it an object?
  rt::Utf8Decoder utf8_;
  uint32_t names_before_[kMostDepth];  // how many names were open where a level began
  uint64_t hashes_[kMostNames];
};
static_assert(kMostDepth < 64);

}  // namespace

rt::Result<Value> read(rt::Text text) {
  Judge judge(text);
  if (const char* wrong = judge.judge())
    return rt::fail(rt::Errc::bad_file, judge.offset(), "the JSON is wrong at byte %llu: %s",
                    static_cast<unsigned long long>(judge.offset()), wrong);
  return Value{skip_space(text.data)};
}

Kind Value::kind_at(const char* at) {
  if (!at) return Kind::none;
  switch (*at) {
    case '{': return Kind::object;
    case '[': return Kind::array;
    case '"': return Kind::string;
    case 't':
    case 'f': return Kind::boolean;
    case 'n': return Kind::null;
    default: return Kind::number;
  }
}

rt::Text Value::raw() const { return {at, uint64_t(skip_value(at) - at)}; }

const char* Value::first_at(const char* at) {
  const Kind kind = kind_at(at);
  if (kind != Kind::object && kind != Kind::array) return nullptr;
  const char* const begin = skip_space(at + 1);
  return *begin == '}' || *begin == ']' ? nullptr : begin;
}

const char* Value::next_at(const char* at) {
  const char* const end = skip_space(skip_value(at));
  return *end == ',' || *end == ':' ? skip_space(end + 1) : nullptr;
}

const char* Value::member_at(const char* at, const char* name) {
  if (kind_at(at) != Kind::object) return nullptr;
  for (const char* key = first_at(at); key;) {
    const char* const value = next_at(key);
    if (equals_at(key, name)) return value;
    key = next_at(value);
  }
  return nullptr;
}

bool Value::equals_at(const char* at, const char* text) {
  if (kind_at(at) != Kind::string) return false;
  char bytes[4];
  for (const char* next = at + 1; *next != '"';)
    for (int i = 0, n = take_character(next, bytes); i < n; ++i)
      if (!*text || *text++ != bytes[i]) return false;
  return !*text;
}

uint64_t Value::size_at(const char* at) {
  uint64_t size = 0;
  char bytes[4];
  for (const char* next = at + 1; *next != '"';) size += uint64_t(take_character(next, bytes));
  return size;
}

char* Value::string(char* to) const {
  char bytes[4];
  for (const char* next = at + 1; *next != '"';)
    for (int i = 0, n = take_character(next, bytes); i < n; ++i) *to++ = bytes[i];
  return to;
}

void write_escaped(rt::Sink& out, rt::Text text) {
  rt::Utf8Decoder decoder;
  const auto write = [&](char32_t c) {
    constexpr char kHex[] = "0123456789abcdef";
    char bytes[8] = "\\u00";
    if (c < 0x20 || c == '"' || c == '\\') {
      for (int i = 0; i < 8; ++i)
        if (char32_t(kMeanings[i]) == c && c != '/') {
          const char named[] = {'\\', kEscapes[i]};
          return out.write({named, 2});
        }
      bytes[4] = kHex[c >> 4];
      bytes[5] = kHex[c & 15];
      return out.write({bytes, 6});
    }
    char utf8[4];
    out.write({utf8, uint64_t(rt::encode_utf8(c, utf8))});
  };
  for (char c : text) decoder.feed(uint8_t(c), write);
  decoder.finish(write);
}

}  // namespace json
