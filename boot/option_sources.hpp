#pragma once
#include "boot/options.hpp"

namespace boot {

/// Cuts "name = value", "name=value" or "name value" in two. False where there is no value, not even an empty one
/// behind the "=". Quotes around the value are taken off; with `comments`, so is what follows a # that stands alone.
bool split_setting(const rt::Text& line, bool comments, rt::Text& name, rt::Text& value);

/// Reads the lines of an llama.cfg: "name = value", "# comment", empty ones. What is wrong with a line costs only that
/// line, and is said in `notes`, with `file` and its number.
void read_config(Options& options, rt::Text file, rt::Text lines, rt::Sink& notes);

/// A command line, word by word: flags of one letter as llama2.c has them, --name VALUE, --name=VALUE.
class Arguments {
 public:
  explicit Arguments(rt::Span<const OptionSet> sets) : sets_(sets) {}

  /// Takes the next word. False where it is neither an option nor the value of one.
  rt::Result<bool> take(rt::Text word);
  /// After the last word: does an option still wait for its value?
  rt::Result<void> end() const;

 private:
  rt::Result<bool> begin(rt::Text word);

  rt::Span<const OptionSet> sets_;
  const OptionSet* set_ = nullptr;
  const Option* option_ = nullptr;  // that the next word may be the value of
};

/// Reads a command line with the name of a model among its options. Words that are none of these (other systems' boot
/// arguments) are left out and handed to `passed_over`, joined, in its buffer. Quotes keep spaces together; the line is
/// changed. What is right is taken over even where something is wrong; the error is of the first such word.
rt::Result<void> read_command_line(Options& options, rt::Span<char> line, rt::Text& passed_over,
                                   rt::Span<char> passed_over_buffer);

}  // namespace boot
