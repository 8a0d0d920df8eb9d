#include "boot/options.hpp"

#include "rt/memory.hpp"
#include "rt/parse.hpp"

namespace boot {
namespace {

using Kind = Option::Kind;
using Effect = Option::Effect;

static_assert(__is_standard_layout(Options));
static_assert(uint8_t(model::Precision::usual) == 0 && uint8_t(model::Precision::f32) == 1 &&
              uint8_t(model::Precision::q8) == 2 && uint8_t(model::Precision::file) == 3);

constexpr Option kOptions[] = {
    {"model", 'm', Kind::text, Effect::model, offsetof(Options, model), offsetof(Options, rooms.model), 256, "FILE", "",
     "the model"},
    {"tokenizer", 'z', Kind::text, Effect::model, offsetof(Options, tokenizer), offsetof(Options, rooms.tokenizer), 256,
     "FILE", "", "its tokenizer; else the one beside it"},
    {"prompt", 'i', Kind::text, Effect::story, offsetof(Options, prompt), offsetof(Options, rooms.prompt), kPromptBytes,
     "TEXT", "", "how it begins, or the first question"},
    {"prompt_file", 0, Kind::text, Effect::prompt, offsetof(Options, prompt_file), offsetof(Options, rooms.prompt_file),
     256, "FILE", "", "a file with the prompt; --- parts several"},
    {"system", 0, Kind::text, Effect::story, offsetof(Options, system), offsetof(Options, rooms.system), kSystemBytes,
     "TEXT", "", "told to a chat model first; else its own"},
    {"temperature", 't', Kind::real, Effect::story, offsetof(Options, temperature), 0, 10, "", "0.8",
     "0: always the likeliest token"},
    {"topp", 'p', Kind::real, Effect::story, offsetof(Options, topp), 0, 1, "", "usual",
     "draw from the likeliest of this share"},
    {"top_k", 0, Kind::whole, Effect::story, offsetof(Options, top_k), 0, 1 << 20, "N", "40",
     "GGUF: draw from so many likeliest; 0: all"},
    {"min_p", 0, Kind::real, Effect::story, offsetof(Options, min_p), 0, 1, "", "0.05",
     "GGUF: at least this share of the likeliest"},
    {"repeat_penalty", 0, Kind::real, Effect::story, offsetof(Options, repeat_penalty), 0, 10, "", "1",
     "GGUF: against repeating; 1: nothing"},
    {"template", 0, Kind::text, Effect::story, offsetof(Options, chat_template), offsetof(Options, rooms.chat_template),
     16, "NAME", "", "of a chat, if not the model's; or none"},
    {"seed", 's', Kind::whole, Effect::story, offsetof(Options, seed), 0, Option::kAny, "N", "0",
     "one seed, one story; 0: another each time"},
    {"steps", 'n', Kind::whole, Effect::story, offsetof(Options, steps), 0, 1 << 20, "N", "256",
     "tokens; 0: as many as the context holds"},
    {"ids", 0, Kind::choice, Effect::story, offsetof(Options, ids), 0, 0, "off|on", "off",
     "print token numbers instead of text"},
    {"precision", 0, Kind::choice, Effect::model, offsetof(Options, precision), 0, 0, "usual|f32|q8|file", "usual",
     "weights in memory"},
    {"context", 0, Kind::whole, Effect::model, offsetof(Options, context), 0, 1 << 20, "N", "0",
     "tokens to look back on; 0: up to 4,096"},
    {"kernel", 0, Kind::text, Effect::model, offsetof(Options, kernel), offsetof(Options, rooms.kernel), 32, "NAME", "",
     "a kernel set; else the fastest"},
    {"threads", 0, Kind::whole, Effect::model, offsetof(Options, threads), 0, 64, "N", "0",
     "processors to use; 0: the program chooses"},
    {"help", 'h', Kind::choice, Effect::never, offsetof(Options, help), 0, 0, "off|on", "off", "print this"},
    {"version", 0, Kind::choice, Effect::never, offsetof(Options, version), 0, 0, "off|on", "off",
     "print which program this is"},
    // Without firmware these mean nothing.
    {"show", 0, Kind::choice, Effect::story, offsetof(Options, show), 0, 0, "text|confidence|nothing", "text",
     "of the story"},
    {"color", 0, Kind::choice, Effect::story, offsetof(Options, color), 0, 0, "off|on", "on", "write in colours"},
    {"utf8", 0, Kind::choice, Effect::story, offsetof(Options, utf8), 0, 0, "off|on", "off",
     "the serial line's terminal takes UTF-8"},
    {"more", 0, Kind::choice, Effect::story, offsetof(Options, more), 0, 0, "off|on", "off",
     "wait for a key when the screen is full"},
    {"output", 0, Kind::text, Effect::output, offsetof(Options, output), offsetof(Options, rooms.output), 256, "FILE",
     "", "write what the model says to a file"},
    {"verify", 0, Kind::choice, Effect::model, offsetof(Options, verify), 0, 0, "off|on", "off",
     "print the model's SHA-256"},
    {"on_finish", 0, Kind::choice, Effect::never, offsetof(Options, on_finish), 0, 0, "prompt|exit|poweroff|reboot",
     "prompt", "after the first story"},
    {"serve", 0, Kind::whole, Effect::never, offsetof(Options, serve), 0, 65535, "PORT", "0",
     "answer other machines by HTTP; 0: no"},
    {"api_key", 0, Kind::text, Effect::never, offsetof(Options, api_key), offsetof(Options, rooms.api_key), 64, "KEY",
     "", "serve: what clients must bring"},
    {"cors", 0, Kind::text, Effect::never, offsetof(Options, cors), offsetof(Options, rooms.cors), 128, "ORIGIN", "",
     "serve: whose web pages may ask; *: all"},
    {"queue", 0, Kind::whole, Effect::never, offsetof(Options, queue), 0, 16, "N", "4",
     "serve: as many questions may wait"},
};
constexpr uint32_t kOfFirmware = 11;  // rows at the end

/// "prompt, exit, poweroff or reboot", of the words parted by |.
rt::Text spoken(rt::Text words, rt::Span<char> buffer) {
  rt::Text said;
  while (!words.empty()) {
    const rt::Text word = rt::take_until(words, '|');
    const char* const before = said.empty() ? "" : words.empty() ? " or " : ", ";
    const rt::Text more = rt::print_to(buffer.from(said.size), "%s%pT", before, &word);
    said = {buffer.data, said.size + more.size};
  }
  return said;
}

const rt::Error& refuse(const Option& option, rt::Text value) {
  char buffer[64];
  const rt::Span<char> all{buffer, sizeof buffer};
  rt::Text wants;
  switch (option.kind) {
    case Kind::text:
      return rt::fail(rt::Errc::usage, value.size, "%s has at most %'u bytes, not %'zu", option.name, option.most,
                      size_t(value.size));
    case Kind::real:
      wants = rt::print_to(all, option.has_usual() ? "a number from 0 to %u or 'usual'" : "a number from 0 to %u",
                           option.most);
      break;
    case Kind::whole:
      wants =
          option.most == Option::kAny ? "a whole number" : rt::print_to(all, "a whole number up to %'u", option.most);
      break;
    case Kind::choice: wants = spoken(option.values, all); break;
  }
  return rt::fail(rt::Errc::usage, 0, "%s wants %pT, not '%pT'", option.name, &wants, &value);
}

bool is_flag_row(const Option& option) { return option.effect == Effect::never && option.is_switch(); }

}  // namespace

Options::Options() { all_options(*this).reset(); }

rt::Span<const Option> option_rows() { return {kOptions, sizeof kOptions / sizeof kOptions[0]}; }

OptionSet all_options(Options& options) { return {option_rows(), &options}; }

OptionSet portable_options(Options& options) {
  const OptionSet all = all_options(options);
  return {all.rows.part(0, all.rows.count - kOfFirmware), &options};
}

const Option* OptionSet::find(const rt::Text& name) const {
  const uint32_t i = names().find(name);
  return i < rows.count ? &rows[i] : nullptr;
}

const Option* OptionSet::find(char letter) const {
  for (const Option& option : rows)
    if (option.letter && option.letter == letter) return &option;
  return nullptr;
}

rt::Result<void> OptionSet::set(const Option& option, const rt::Text& value) const {
  char* const place = static_cast<char*>(values) + option.place;
  switch (option.kind) {
    case Kind::text: {
      if (value.size > option.most) return refuse(option, value);
      char* const room = static_cast<char*>(values) + option.room;
      rt::move_bytes(room, value.data, value.size);
      *reinterpret_cast<rt::Text*>(place) = {room, value.size};
      return {};
    }
    case Kind::real: {
      float number = -1;
      const bool usual = option.has_usual() && value == option.initial;
      if (!usual && (!rt::parse_f32(value, number) || !(number >= 0 && number <= float(option.most))))
        return refuse(option, value);
      *reinterpret_cast<float*>(place) = number;
      return {};
    }
    case Kind::whole: {
      uint64_t number = 0;
      if (!rt::parse_u64(value, number) || (option.most != Option::kAny && number > option.most))
        return refuse(option, value);
      *reinterpret_cast<uint64_t*>(place) = number;
      return {};
    }
    case Kind::choice: {
      rt::Text words = option.values;
      for (uint8_t i = 0; !words.empty(); ++i)
        if (value == rt::take_until(words, '|')) {
          *reinterpret_cast<uint8_t*>(place) = i;
          return {};
        }
      return refuse(option, value);
    }
  }
  return {};
}

rt::Text OptionSet::value(const Option& option, rt::Span<char> buffer) const {
  const char* const place = static_cast<const char*>(values) + option.place;
  switch (option.kind) {
    case Kind::text: return *reinterpret_cast<const rt::Text*>(place);
    case Kind::real: {
      const float number = *reinterpret_cast<const float*>(place);
      if (number < 0) return option.initial;
      rt::Text digits = rt::print_to(buffer, "%f", double(number));
      while (digits.ends_with("0")) --digits.size;
      if (digits.ends_with(".")) --digits.size;
      return digits;
    }
    case Kind::whole:
      return rt::print_to(buffer, "%llu", static_cast<unsigned long long>(*reinterpret_cast<const uint64_t*>(place)));
    case Kind::choice: {
      rt::Text words = option.values, word;
      for (int i = 0; i <= *place; ++i) word = rt::take_until(words, '|');
      return word;
    }
  }
  return {};
}

void OptionSet::reset() const {
  for (const Option& option : rows) (void)set(option, option.initial);
}

rt::Text takes(const Option& option, rt::Span<char> buffer) {
  if (is_flag_row(option)) return {};
  if (option.values[0]) return option.values;
  return rt::print_to(buffer, "0 to %u", option.most);
}

const rt::Error& no_option(const rt::Text& name, rt::Span<const OptionSet> sets) {
  rt::Text nearest;
  for (const OptionSet& set : sets)
    if (nearest.empty()) nearest = set.names().nearest(name);
  return no_such("option ", name, nearest, "--help lists them");
}

void print_options(rt::Sink& out, const OptionSet& set) {
  for (const Option& option : set.rows) {
    char buffer[24];
    const rt::Text takes_what = takes(option, {buffer, sizeof buffer});
    if (option.letter) rt::print(out, "  -%c, ", option.letter);
    else out.write("      ");
    rt::print(out, "--%-12s %-8pT %s", option.name, &takes_what, option.help);
    if (option.initial[0] && !takes_what.empty()) rt::print(out, " (%s)", option.initial);
    out.write("\n");
  }
}

void print_help(rt::Sink& out, const char* usage, const OptionSet& set) {
  rt::print(out, "usage: %s\n", usage);
  print_options(out, set);
}

}  // namespace boot
