#pragma once
#include "boot/names.hpp"
#include "model/model.hpp"
#include "model/sampler.hpp"
#include "rt/format.hpp"

namespace boot {

enum class OnFinish : uint8_t { prompt, exit, poweroff, reboot };
enum class Show : uint8_t { text, confidence, nothing };

/// The longest prompt, or all questions of a script, and the longest system prompt, in bytes.
inline constexpr uint32_t kPromptBytes = 16 * 1024, kSystemBytes = 4 * 1024;

/// Everything that a user can set. What each option means and its default stand in one table, in options.cpp. Large:
/// not for the stack of a program on firmware.
struct Options {
  Options();  // the defaults
  Options(const Options&) = delete;

  // Texts are kept in rooms of their own, below: whoever sets one may forget it then.
  rt::Text model;      // empty: the built-in one, else \models\default.bin
  rt::Text tokenizer;  // empty: NAME-tokenizer.bin or tokenizer.bin beside the model
  rt::Text prompt;
  rt::Text prompt_file;  // what `prompt` was read from
  rt::Text system;       // what a chat begins with; empty: what the model's template has
  rt::Text kernel;       // empty: the fastest
  rt::Text chat_template;  // of a conversation; empty: the model's own
  float temperature;
  float topp;  // below 0: as usual with the model's format
  uint64_t top_k;
  float min_p, repeat_penalty;
  uint64_t seed;  // of the next story; 0: another one every time
  uint64_t steps;
  uint64_t threads;  // 0: as many processors as pay
  model::Precision precision;
  uint64_t context;  // positions that the model looks back on; 0: as many as usual
  bool ids;
  Show show;
  bool color;
  bool utf8;  // the terminal on the serial line takes it
  bool more;        // long texts wait for a key where the screen is full
  rt::Text output;  // a file for what the model writes; empty: none
  OnFinish on_finish;
  bool verify;  // print the model's SHA-256
  uint64_t serve;    // a port; 0: nothing is served
  rt::Text api_key;  // of those who are served; empty: everybody
  rt::Text cors;     // whose web pages may ask
  uint64_t queue;    // requests that may wait
  bool help, version;

  struct Rooms {
    char model[256], tokenizer[256], prompt[kPromptBytes], prompt_file[256], system[kSystemBytes], kernel[32],
        chat_template[16], output[256], api_key[64], cors[128];
  } rooms;

  /// How tokens are drawn, but for the seed of 0.
  model::Sampling sampling() const {
    return {temperature, topp, seed, static_cast<uint32_t>(top_k), min_p, repeat_penalty};
  }
};

/// One option: a row of a table.
struct Option {
  /// What setting it leads to while a conversation goes on.
  enum class Effect : uint8_t {
    story,   // the next story is told so
    prompt,  // a file is read
    output,  // what comes from now on is written to a file
    model,   // the model is loaded anew
    never,   // it can only be given at the start
  };
  enum class Kind : uint8_t { text, real, whole, choice };

  const char* name;
  char letter;  // llama2.c's flag, or 0
  Kind kind;
  Effect effect;
  uint16_t place;      // offset in the struct that holds the values
  uint16_t room;       // of texts: offset of the bytes
  uint32_t most;       // the largest number, kAny for every one; of texts: bytes of the room
  const char* values;  // of choices: the words, parted by |; of others: how a value is called
  const char* initial;
  const char* help;

  static constexpr uint32_t kAny = ~uint32_t{0};
  /// Is there a value for what depends on other things? Then it is the default, and numbers are below 0.
  bool has_usual() const { return kind == Kind::real && rt::Text(initial) == "usual"; }
  /// May it stand on a command line without a value?
  bool is_switch() const { return kind == Kind::choice && rt::Text(values) == "off|on"; }
};

/// A table of options, and the struct that holds their values.
struct OptionSet {
  rt::Span<const Option> rows;
  void* values;

  Names names() const { return {&rows.data->name, uint32_t(rows.count), sizeof(Option)}; }
  const Option* find(const rt::Text& name) const;
  const Option* find(char letter) const;
  /// Sets an option of this set. Where it refuses, nothing has changed; the error is the rest of a sentence that begins
  /// with where the value came from: "temperature wants a number from 0 to 10, not 'hot'".
  rt::Result<void> set(const Option& option, const rt::Text& value) const;
  /// An option's value as one would type it: a text where it is kept, anything else in `buffer`.
  rt::Text value(const Option& option, rt::Span<char> buffer) const;
  /// Sets all options to their defaults.
  void reset() const;
};

/// The table of all options.
rt::Span<const Option> option_rows();
/// All options of the program. Those that also mean something without firmware come first.
OptionSet all_options(Options& options);
OptionSet portable_options(Options& options);

/// What an option takes: "0 to 10", "N", "off|on"; nothing for --help and the like.
rt::Text takes(const Option& option, rt::Span<char> buffer);

/// The error where there is no such option.
const rt::Error& no_option(const rt::Text& name, rt::Span<const OptionSet> sets);

/// Prints every option of a set with its letter, what it takes and its default.
void print_options(rt::Sink& out, const OptionSet& set);
/// What `--help` shows: a usage line and the options.
void print_help(rt::Sink& out, const char* usage, const OptionSet& set);

}  // namespace boot
