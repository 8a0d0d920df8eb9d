// The two places that options come from beside the defaults: llama.cfg and the command line.
#include "boot/options.hpp"
#include "rt/memory.hpp"
#include "rt/parse.hpp"

namespace boot {
namespace {

/// Where an option stood, before what is wrong with it.
rt::Error located(const char* where, uint32_t number, const rt::Error& error) {
  return rt::fail(rt::Errc::usage, number, "%s %u: %s", where, number, error.text);
}

/// Takes the first line off `text`, without its end.
rt::Text take_line(rt::Text& text) {
  uint64_t n = 0;
  while (n < text.size && text[n] != '\n') ++n;
  const rt::Text line = text.part(0, n);
  text = text.from(rt::min(n + 1, text.size));
  return line;
}

/// Cuts a command line into words. Double quotes keep spaces in a word and are taken off, as
/// everywhere in the UEFI shell; ^ takes the next character as it is.
class Words {
 public:
  explicit Words(rt::Span<char> line) : line_(line) {}

  bool next(rt::Text& word) {
    while (at_ < line_.count && is_space(line_[at_])) ++at_;
    if (at_ == line_.count) return false;
    char* const start = line_.data + at_;
    uint64_t length = 0;
    bool quoted = false;
    for (; at_ < line_.count && (quoted || !is_space(line_[at_])); ++at_) {
      if (line_[at_] == '"') {
        quoted = !quoted;
        continue;
      }
      if (line_[at_] == '^' && at_ + 1 < line_.count) ++at_;
      start[length++] = line_[at_];
    }
    word = {start, length};
    ++number_;
    return true;
  }

  /// The same, if the next word is "on" or "off".
  bool next_if_switch(rt::Text& word) {
    Words ahead = *this;
    rt::Text value;
    if (!ahead.next(value) || !(value == "on" || value == "off")) return false;
    word = value;
    *this = ahead;
    return true;
  }

  uint32_t number() const { return number_; }

 private:
  static bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

  rt::Span<char> line_;
  uint64_t at_ = 0;
  uint32_t number_ = 0;
};

bool ends_with_any_case(rt::Text word, rt::Text suffix) {
  if (word.size < suffix.size) return false;
  for (uint64_t i = 0; i < suffix.size; ++i)
    if ((word[word.size - suffix.size + i] | 0x20) != (suffix[i] | 0x20)) return false;
  return true;
}

/// Is the word a number as options take it, so that "-5" is a value and no flag?
bool is_number(rt::Text word) {
  float unused = 0;
  return rt::parse_f32(word, unused);
}

/// The option that a word like -t or --topp names, or an empty text.
rt::Text flag_name(rt::Text word) {
  if (word.starts_with("--")) return word.from(2);
  if (word.size == 2 && word[0] == '-') return option_name(word[1]);
  return {};
}

/// Adds a word to the list of those that were passed over, as far as there is room.
void append(rt::Text& list, rt::Span<char> buffer, rt::Text word) {
  const uint64_t space = list.size ? 1 : 0;
  if (list.size + space + word.size > buffer.count) return;
  if (space) buffer[list.size] = ' ';
  rt::copy_bytes(buffer.data + list.size + space, word.data, word.size);
  list = {buffer.data, list.size + space + word.size};
}

}  // namespace

rt::Result<void> read_config(Options& options, rt::Text file, rt::Text lines) {
  char where[64];
  rt::print_to({where, sizeof where}, "%pT line", &file);
  if (lines.starts_with("\xef\xbb\xbf")) lines = lines.from(3);  // some editors begin files so
  for (uint32_t number = 1; !lines.empty(); ++number) {
    const rt::Text line = rt::trim(take_line(lines));
    if (line.empty() || line[0] == '#') continue;
    uint64_t equals = 0;
    while (equals < line.size && line[equals] != '=') ++equals;
    if (equals == line.size)
      return located(where, number,
                     rt::fail(rt::Errc::usage, 0, "expected 'name = value', found '%pT'", &line));
    const rt::Text name = rt::trim(line.part(0, equals)), value = rt::trim(line.from(equals + 1));
    if (rt::Result<void> done = set_option(options, name, value); !done)
      return located(where, number, done.error());
  }
  return {};
}

rt::Result<void> read_command_line(Options& options, rt::Span<char> line, rt::Text& passed_over,
                                   rt::Span<char> passed_over_buffer) {
  constexpr const char* kWhere = "command line, word";
  Words words(line);
  rt::Text word;
  while (words.next(word)) {
    const uint32_t number = words.number();
    const bool is_flag = word.size > 1 && word[0] == '-' && !is_number(word);
    if (!is_flag) {
      if (ends_with_any_case(word, ".bin"))
        options.model = word;
      else if (number > 1 || !ends_with_any_case(word, ".efi"))  // the shell puts our name first
        append(passed_over, passed_over_buffer, word);
      continue;
    }
    const rt::Text name = flag_name(word);
    rt::Text value = "on";
    if (name.empty())
      return located(kWhere, number,
                     rt::fail(rt::Errc::usage, 0, "there is no option '%pT' (--help lists them)",
                              &word));
    if (is_switch(name))
      (void)words.next_if_switch(value);
    else if (!words.next(value))
      return located(kWhere, number,
                     rt::fail(rt::Errc::usage, 0, "'%pT' wants a value", &word));
    if (rt::Result<void> done = set_option(options, name, value); !done)
      return located(kWhere, number, done.error());
  }
  return {};
}

}  // namespace boot
