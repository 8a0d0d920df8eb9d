#pragma once
#include "model/formats/llama2c.hpp"
#include "model/sampler.hpp"
#include "rt/format.hpp"

namespace boot {

enum class OnFinish : uint8_t { prompt, exit, poweroff, reboot };
enum class Show : uint8_t { text, confidence, nothing };

/// Everything that a user can set, with the built-in defaults. Texts belong to whoever set them.
struct Options {
  rt::Text model;      // empty: the built-in one, else \models\default.bin
  rt::Text tokenizer;  // empty: NAME-tokenizer.bin or tokenizer.bin beside the model
  rt::Text prompt;
  rt::Text prompt_file;  // read in place of `prompt`
  float temperature = model::Sampling{}.temperature;
  float topp = model::Sampling{}.topp;
  uint64_t seed = 0;  // 0: another one every time
  uint64_t steps = 256;
  model::DType precision = model::DType::q8;
  rt::Text kernel;  // empty: the fastest
  uint64_t threads = 0;  // 0: as many processors as pay
  bool ids = false;
  Show show = Show::text;
  bool color = true;
  OnFinish on_finish = OnFinish::prompt;
  bool verify = false;  // print the model's SHA-256
  bool help = false;

  model::Sampling sampling() const { return {temperature, topp, seed}; }
};

/// Sets the option called `name` ("temperature"). The error is the rest of a sentence that begins
/// with where the option came from: "temperature wants a number from 0 to 10, not 'hot'".
rt::Result<void> set_option(Options& options, rt::Text name, rt::Text value);

/// The name of the option with llama2.c's short flag (-t), or an empty text.
rt::Text option_name(char flag);
/// An option that is either on or off: on the command line it may stand without a value.
bool is_switch(rt::Text name);

/// Reads the lines of an llama.cfg: "name = value", "# comment", empty ones. Errors name `file` and
/// the line. Texts stay where they are in `lines`.
rt::Result<void> read_config(Options& options, rt::Text file, rt::Text lines);

/// Reads a command line: flags of one letter as llama2.c has them, --name VALUE, and the name of a
/// model. Words that are none of these (other systems' boot arguments) are left out and handed to
/// `passed_over`, joined. Quotes keep spaces together; texts stay in `line`, which is changed.
rt::Result<void> read_command_line(Options& options, rt::Span<char> line, rt::Text& passed_over,
                                   rt::Span<char> passed_over_buffer);

/// Prints every option with its flag, values and default.
void print_help(rt::Sink& out);

}  // namespace boot
