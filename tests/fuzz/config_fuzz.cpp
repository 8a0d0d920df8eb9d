// llama.cfg, and the numbers in it.
//
// For every file: what is wrong with a line costs that line and a note that names file and line; every option is then
// in its documented range; a file means the same when its lines are read one by one. Whatever is a number to us is the same number to the C library.
#include <algorithm>
#include <cerrno>
#include <cmath>

#include "rt/parse.hpp"
#include "tests/fuzz/options.hpp"

namespace {

using fuzz::must;

void check_numbers(const std::string& text) {
  const test::Exact<char> copy = fuzz::exact(text);
  const rt::Text given = fuzz::text_of(copy);
  const bool has_digit = text.find_first_of("0123456789") != std::string::npos;
  const size_t sign = !text.empty() && (text[0] == '-' || text[0] == '+');
  const bool all_digits = has_digit && text.find_first_not_of("0123456789", sign) == std::string::npos;

  uint64_t whole = 0;
  errno = 0;
  const uint64_t host_whole = std::strtoull(text.c_str(), nullptr, 10);
  const bool fits = all_digits && sign == 0 && errno == 0;
  must(rt::parse_u64(given, whole) == fits, "whole numbers are digits that fit");
  if (fits) must(whole == host_whole, "a whole number is what it says");

  int64_t integer = 0;
  errno = 0;
  const int64_t host_integer = std::strtoll(text.c_str(), nullptr, 10);
  const bool integer_fits = all_digits && errno == 0;
  must(rt::parse_i64(given, integer) == integer_fits, "integers are digits that fit");
  if (integer_fits) must(integer == host_integer, "an integer is what it says");

  const bool plain = has_digit && text.find_first_not_of("0123456789+-.eE") == std::string::npos;
  char* end = nullptr;
  const float host_real = std::strtof(text.c_str(), &end);
  const bool host_takes = plain && end == text.c_str() + text.size() && std::isfinite(host_real);
  float real = 0;
  must(rt::parse_f32(given, real) == host_takes, "numbers are what the C library takes, if finite");
  const auto digits = std::count_if(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (host_takes && digits <= 19) must(test::same_bits(real, host_real), "a number is the nearest float");
}

/// Notes, as they are written.
struct Notes final : rt::Sink {
  void write(rt::Text text) override { all.append(text.data, text.size); }
  std::string all;
};

void read(boot::Options& options, const test::Exact<char>& lines, Notes& notes) {
  boot::read_config(options, "\\llama.cfg", fuzz::text_of(lines), notes);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string file(reinterpret_cast<const char*>(data), size);
  const test::Exact<char> copy = fuzz::exact(file);
  static boot::Options options, by_line;
  boot::all_options(options).reset();
  boot::all_options(by_line).reset();
  Notes notes, by_line_notes;
  read(options, copy, notes);
  fuzz::must_be_in_range(options);
  must(notes.all.empty() || notes.all.starts_with("note: \\llama.cfg line "), "a note names the line");
  must(notes.all.empty() || notes.all.ends_with("\n"), "a note is a sentence");

  bool marked = false;
  for (size_t at = 0; at < size;) {
    const size_t n = rt::min(file.find('\n', at), size) - at;
    const test::Exact<char> line = fuzz::exact(file.substr(at, n));
    // Only a file may begin with a byte order mark, not any line of it.
    marked = marked || (at && fuzz::text_of(line).starts_with("\xef\xbb\xbf"));
    read(by_line, line, by_line_notes);
    at += n + 1;
    const std::string text = fuzz::string(rt::trim(fuzz::text_of(line)));
    check_numbers(text);
    if (const size_t equals = text.find('='); equals != std::string::npos)
      check_numbers(fuzz::string(rt::trim({text.data() + equals + 1, text.size() - equals - 1})));
  }
  if (marked) return 0;
  must(notes.all.empty() == by_line_notes.all.empty(), "a file is read where each of its lines is");
  must(fuzz::same(options, by_line), "lines mean the same alone");
  return 0;
}
