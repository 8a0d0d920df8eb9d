// The two places that options come from beside the defaults: llama.cfg and the command line.
#include "boot/option_sources.hpp"

#include "boot/platform/model_names.hpp"
#include "rt/memory.hpp"
#include "rt/parse.hpp"

namespace boot {
namespace {

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

/// A value without the quotes around it, and without a comment where there may be one.
rt::Text bare(rt::Text value, bool comments) {
  if (value.starts_with("\"")) {
    uint64_t end = 1;
    while (end < value.size && value[end] != '"') ++end;
    if (end < value.size) {
      const rt::Text rest = rt::trim(value.from(end + 1));
      if (rest.empty() || (comments && rest[0] == '#')) return value.part(1, end - 1);
    }
  }
  for (uint64_t i = 0; comments && i < value.size; ++i)
    if (value[i] == '#' && (i == 0 || is_space(value[i - 1]))) return rt::trim(value.part(0, i));
  return value;
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

  uint32_t number() const { return number_; }

private:
  rt::Span<char> line_;
  uint64_t at_ = 0;
  uint32_t number_ = 0;
};

/// Is the word a number as options take it, so that "-5" is a value and no flag?
bool is_number(rt::Text word) {
  float unused = 0;
  return rt::parse_f32(word, unused);
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

bool split_setting(const rt::Text& line, bool comments, rt::Text& name, rt::Text& value) {
  uint64_t n = 0;
  while (n < line.size && line[n] != '=' && !is_space(line[n])) ++n;
  name = line.part(0, n);
  value = rt::trim(line.from(n));
  const bool given = !value.empty();
  if (value.starts_with("=")) value = rt::trim(value.from(1));
  value = bare(value, comments);
  return given;
}

void read_config(Options& options, rt::Text file, rt::Text lines, rt::Sink& notes) {
  const OptionSet set = all_options(options);
  if (lines.starts_with("\xef\xbb\xbf")) lines = lines.from(3);  // some editors begin files so
  for (uint32_t number = 1; !lines.empty(); ++number) {
    const rt::Text line = rt::trim(rt::take_until(lines, '\n'));
    if (line.empty() || line[0] == '#') continue;
    rt::Text name, value;
    (void)split_setting(line, true, name, value);
    const Option* option = set.find(name);
    const rt::Result<void> done =
        option ? set.set(*option, value) : rt::Result<void>(no_option(name, {&set, 1}));
    if (!done) rt::print(notes, "note: %pT line %u is passed over: %s\n", &file, number, done.error().text);
  }
}

rt::Result<bool> Arguments::take(rt::Text word) {
  if (const Option* const option = option_) {
    option_ = nullptr;
    if (!option->is_switch() || word == "on" || word == "off") {
      if (rt::Result<void> done = set_->set(*option, word); !done) return done.error();
      return true;
    }
  }
  if (word.size < 2 || word[0] != '-' || is_number(word)) return false;
  return begin(word);
}

/// Takes a word that names an option, perhaps with its value behind a "=".
rt::Result<bool> Arguments::begin(rt::Text word) {
  uint64_t end = 2;
  while (end < word.size && word[end] != '=') ++end;
  const bool is_long = word[1] == '-';
  const rt::Text name = word.part(2, end - 2);
  const Option* option = nullptr;
  for (const OptionSet& set : sets_) {
    if (option) break;
    option = is_long ? set.find(name) : end == 2 ? set.find(word[1]) : nullptr;
    set_ = &set;
  }
  if (!option) return no_option(is_long ? name : word, sets_);
  if (end == word.size) option_ = option;
  if (end == word.size && !option->is_switch()) return true;
  const rt::Text value = end == word.size ? "on" : word.from(end + 1);
  if (rt::Result<void> done = set_->set(*option, value); !done) return done.error();
  return true;
}

rt::Result<void> Arguments::end() const {
  if (!option_ || option_->is_switch()) return {};
  return rt::fail(rt::Errc::usage, 0, "%s wants a value", option_->name);
}

rt::Result<void> read_command_line(Options& options, rt::Span<char> line, rt::Text& passed_over,
                                   rt::Span<char> passed_over_buffer) {
  const OptionSet set = all_options(options);
  Arguments arguments({&set, 1});
  char first[sizeof rt::Error::text] = "";
  Words words(line);
  rt::Text word;
  const auto say = [&](const rt::Error& error) {
    if (!first[0]) rt::print_to({first, sizeof first}, "command line, word %u: %s", words.number(), error.text);
  };
  while (words.next(word)) {
    rt::Result<bool> taken = arguments.take(word);
    if (!taken) say(taken.error());
    if (!taken || *taken) continue;
    if (platform::is_model_name(word)) {
      if (rt::Result<void> done = set.set(*set.find("model"), word); !done) say(done.error());
    } else if (words.number() > 1 || !rt::ends_with_any_case(word, ".efi")) {  // the shell puts our name first
      append(passed_over, passed_over_buffer, word);
    }
  }
  if (rt::Result<void> done = arguments.end(); !done) say(done.error());
  if (first[0]) return rt::fail(rt::Errc::usage, 0, "%s", first);
  return {};
}

}  // namespace boot
