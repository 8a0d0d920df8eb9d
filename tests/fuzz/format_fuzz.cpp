// printf.
//
// The input is a format, and behind its end the arguments. Every conversion of it is printed on its
// own, between its neighbours' text: what we share with the C library is what the C library prints,
// the rest comes out without harm. In a buffer of any size the result is terminated, as much of the
// whole as fits, and cut at a character's end.
#include "rt/format.hpp"

#include <algorithm>
#include <cctype>
#include <cmath>

#include "tests/fuzz/fuzz.hpp"

namespace {

using fuzz::must;

constexpr int kWidest = 4000;  // wider fields only take time

class StringSink final : public rt::Sink {
 public:
  void write(rt::Text part) override { text.append(part.data, part.size); }
  std::string text;
};

/// One conversion of a format, and what stands before it.
struct Conversion {
  std::string text;  // "abc%-5.3lld"
  std::string flags, length;
  int stars = 0;         // widths and precisions that are arguments
  int widest = 0;        // the largest number in it
  bool precise = false;  // has a precision
  char type = 0;         // 0: the format ends inside it

  /// Does C say what this prints, and is it among what rt/format.hpp lists?
  bool shared() const {
    const auto one_of = [](char c, const char* set) { return c && std::strchr(set, c); };
    const auto only = [&](const char* allowed) { return flags.find_first_not_of(allowed) == std::string::npos; };
    if (one_of(type, "dux")) return only("-0") && !precise;
    if (type == 'f') return length.empty() && only("-0") && !(precise && (stars || widest > 15));
    if (type == 's') return length.empty() && only("-");
    if (type == 'c') return length.empty() && only("-") && !precise;
    return type == '%' && text.ends_with("%%");
  }
};

/// Takes the next conversion off a format; the end of the format is one without a type.
Conversion take_conversion(const char*& at) {
  Conversion c;
  const char* const start = at;
  while (*at && *at != '%') ++at;
  if (*at) {
    const auto number = [&] {
      if (*at == '*') {
        ++c.stars;
        ++at;
      } else {
        const char* const first = at;
        while (std::isdigit(uint8_t(*at))) ++at;
        c.widest = std::max(c.widest, at - first > 4 ? kWidest + 1 : std::atoi(std::string(first, at).c_str()));
      }
    };
    ++at;
    while (*at && std::strchr("-0'", *at)) c.flags += *at++;
    number();
    if (*at == '.') {
      c.precise = true;
      ++at;
      number();
    }
    for (const std::string length : {"ll", "z"})
      if (c.length.empty() && std::string_view(at).starts_with(length)) at += (c.length = length).size();
    if (*at) c.type = *at++;
    if (c.type == 'p' && *at == 'T') c.type = *at++;
  }
  c.text.assign(start, at);
  return c;
}

void check_cut(const std::string& whole, uint64_t room, rt::Text cut, const test::Exact<char>& buffer) {
  must(fuzz::within(cut, buffer.data(), buffer.size()), "the text lies in the buffer");
  must(room == 0 || (cut.size < room && buffer[cut.size] == 0), "the text is terminated");
  const std::string got = fuzz::string(cut);
  must(whole.starts_with(got), "the text is the beginning of the whole");
  if (!fuzz::valid_utf8(whole) || room == 0) return;
  must(fuzz::valid_utf8(got), "the text is cut at a character's end");
  must(got.size() == whole.size() || got.size() + 4 >= room, "no more is cut off than has to be");
}

/// Prints to a string, to a buffer of `room` bytes and, where C says what comes out, with C.
template <class... Arguments>
void check(const Conversion& c, uint64_t room, Arguments... arguments) {
  // What comes behind tells whether the right number of arguments was taken.
  const std::string text = c.type ? c.text + "|%d" : c.text;
  const test::Exact<char> format = fuzz::exact(text + '\0');
  StringSink sink;
  rt::print(sink, format.data(), arguments..., 77);
  if (c.type) must(sink.text.ends_with("|77"), "a conversion takes its arguments and no more");
  if (c.shared()) {
    const int n = std::snprintf(nullptr, 0, format.data(), arguments..., 77);
    std::string expected(size_t(n) + 1, 0);
    std::snprintf(expected.data(), expected.size(), format.data(), arguments..., 77);
    expected.pop_back();
    if (sink.text != expected)
      std::fprintf(stderr, "%s\nours: %s\nC's:  %s\n", format.data(), sink.text.c_str(), expected.c_str());
    must(sink.text == expected, "what we share with C is what C prints");
  }
  const test::Exact<char> buffer(room);
  const rt::Text cut = rt::print_to(buffer.span(), format.data(), arguments..., 77);
  check_cut(sink.text, room, cut, buffer);
  const test::Exact<char> just(sink.text.size() + 1);
  must(fuzz::string(rt::print_to(just.span(), format.data(), arguments..., 77)) == sink.text, "what fits is not cut");
}

template <class T>
void with_stars(const Conversion& c, uint64_t room, fuzz::Input& input, T value) {
  const int first = input.number<int16_t>() % kWidest, second = input.number<int16_t>() % kWidest;
  if (c.stars == 0) check(c, room, value);
  if (c.stars == 1) check(c, room, first, value);
  if (c.stars == 2) check(c, room, first, second, value);
}

/// For conversions that take nothing: only widths and precisions.
void without_value(const Conversion& c, uint64_t room, fuzz::Input& input) {
  const int first = input.number<int16_t>() % kWidest, second = input.number<int16_t>() % kWidest;
  if (c.stars == 0) check(c, room);
  if (c.stars == 1) check(c, room, first);
  if (c.stars == 2) check(c, room, first, second);
}

void with_value(const Conversion& c, uint64_t room, fuzz::Input& input) {
  switch (c.type) {
    case 'd': case 'u': case 'x':
      if (!c.length.empty()) return with_stars(c, room, input, input.number<unsigned long long>());
      return with_stars(c, room, input, input.number<unsigned>());
    case 'c': return with_stars(c, room, input, int{input.byte()});
    case 'T': {
      const test::Exact<char> copy = fuzz::exact(input.text_until('\0'));
      const rt::Text text = fuzz::text_of(copy);
      return with_stars(c, room, input, &text);
    }
    case 'f': {
      const auto digits = double(input.number<int64_t>());  // below 10^4, so that 15 digits behind the point fit
      return with_stars(c, room, input, std::ldexp(digits, -50 - input.byte() % 70));
    }
    case 's': {
      const std::string text = input.text_until('\0');
      // Where the precision says how long it is, a string need not be terminated.
      const test::Exact<char> copy = fuzz::exact(text + '\0');
      return with_stars(c, room, input, static_cast<const char*>(copy.data()));
    }
    default: return without_value(c, room, input);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fuzz::Input input(data, size);
  const std::string format = input.text_until('\0');
  const char* at = format.c_str();
  for (int i = 0; i < 4 && *at; ++i) {
    const Conversion c = take_conversion(at);
    if (c.widest <= kWidest) with_value(c, input.number<uint16_t>() % 400, input);
  }
  return 0;
}
