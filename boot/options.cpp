#include "boot/options.hpp"

#include "rt/parse.hpp"

namespace boot {
namespace {

enum class Kind : uint8_t { text, real, whole, toggle, precision, show, on_finish };

/// One option: what it is called, what it takes, where it goes.
struct Setting {
  const char* name;
  char flag;  // llama2.c's, or 0
  Kind kind;
  uint64_t most;  // of numbers
  const char* help;
  void* (*place)(Options&);
};

constexpr Setting kSettings[] = {
    {"model", 'm', Kind::text, 0, "FILE     the model, a path on the volume",
     [](Options& o) -> void* { return &o.model; }},
    {"tokenizer", 'z', Kind::text, 0, "FILE     its tokenizer (the one beside the model)",
     [](Options& o) -> void* { return &o.tokenizer; }},
    {"prompt", 'i', Kind::text, 0, "TEXT     how the story begins",
     [](Options& o) -> void* { return &o.prompt; }},
    {"temperature", 't', Kind::real, 10, "0 to 10  0 takes the likeliest token always (0.8)",
     [](Options& o) -> void* { return &o.temperature; }},
    {"topp", 'p', Kind::real, 1, "0 to 1   draw from the likeliest tokens of this share (0.9)",
     [](Options& o) -> void* { return &o.topp; }},
    {"seed", 's', Kind::whole, ~uint64_t{0}, "N        the same seed tells the same story (0: a new one)",
     [](Options& o) -> void* { return &o.seed; }},
    {"steps", 'n', Kind::whole, 1 << 20, "N        tokens; 0: to the end of the context (256)",
     [](Options& o) -> void* { return &o.steps; }},
    {"precision", 0, Kind::precision, 0, "f32|q8   how float32 weights are kept in memory (q8)",
     [](Options& o) -> void* { return &o.precision; }},
    {"kernel", 0, Kind::text, 0, "NAME     a kernel set instead of the fastest",
     [](Options& o) -> void* { return &o.kernel; }},
    {"threads", 0, Kind::whole, 64, "N        processors to use (0: as many as pay)",
     [](Options& o) -> void* { return &o.threads; }},
    {"ids", 0, Kind::toggle, 0, "on|off   print token numbers instead of text (off)",
     [](Options& o) -> void* { return &o.ids; }},
    {"prompt_file", 0, Kind::text, 0, "FILE     read the prompt from a file on the volume",
     [](Options& o) -> void* { return &o.prompt_file; }},
    {"show", 0, Kind::show, 0, "text|confidence|nothing  of the story (text)",
     [](Options& o) -> void* { return &o.show; }},
    {"color", 0, Kind::toggle, 0, "on|off   (on)", [](Options& o) -> void* { return &o.color; }},
    {"on_finish", 0, Kind::on_finish, 0, "prompt|exit|poweroff|reboot  after the story (prompt)",
     [](Options& o) -> void* { return &o.on_finish; }},
    {"verify", 0, Kind::toggle, 0, "on|off   print the SHA-256 of the model as it is read (off)",
     [](Options& o) -> void* { return &o.verify; }},
    {"help", 'h', Kind::toggle, 0, "         print this",
     [](Options& o) -> void* { return &o.help; }},
};

const Setting* find(rt::Text name) {
  for (const Setting& setting : kSettings)
    if (name == rt::Text(setting.name)) return &setting;
  return nullptr;
}

rt::Error refuse(const Setting& setting, const char* wants, rt::Text value) {
  return rt::fail(rt::Errc::usage, 0, "%s wants %s, not '%pT'", setting.name, wants, &value);
}

/// Sets *place to the value at the word's place in `words`.
template <class T, uint32_t n>
bool pick(void* place, rt::Text value, const char* const (&words)[n], const T (&values)[n]) {
  for (uint32_t i = 0; i < n; ++i)
    if (value == rt::Text(words[i])) {
      *static_cast<T*>(place) = values[i];
      return true;
    }
  return false;
}

rt::Result<void> set(const Setting& setting, void* place, rt::Text value) {
  switch (setting.kind) {
    case Kind::text: *static_cast<rt::Text*>(place) = value; return {};
    case Kind::real: {
      float& number = *static_cast<float*>(place);
      float parsed = 0;
      if (!rt::parse_f32(value, parsed) || !(parsed >= 0 && parsed <= float(setting.most)))
        return refuse(setting, setting.most == 1 ? "a number from 0 to 1" : "a number from 0 to 10",
                      value);
      number = parsed;
      return {};
    }
    case Kind::whole: {
      uint64_t parsed = 0;
      if (!rt::parse_u64(value, parsed) || parsed > setting.most)
        return refuse(setting,
                      setting.most == ~uint64_t{0} ? "a whole number"
                      : setting.most == 64         ? "a whole number up to 64"
                                                   : "a whole number up to 1,048,576",
                      value);
      *static_cast<uint64_t*>(place) = parsed;
      return {};
    }
    case Kind::toggle:
      if (pick(place, value, {"on", "off"}, {true, false})) return {};
      return refuse(setting, "on or off", value);
    case Kind::precision:
      if (pick(place, value, {"f32", "q8"}, {model::DType::f32, model::DType::q8})) return {};
      return refuse(setting, "f32 or q8", value);
    case Kind::on_finish:
      if (pick(place, value, {"prompt", "exit", "poweroff", "reboot"},
               {OnFinish::prompt, OnFinish::exit, OnFinish::poweroff, OnFinish::reboot}))
        return {};
      return refuse(setting, "prompt, exit, poweroff or reboot", value);
    case Kind::show:
      if (pick(place, value, {"text", "confidence", "nothing"},
               {Show::text, Show::confidence, Show::nothing}))
        return {};
      return refuse(setting, "text, confidence or nothing", value);
  }
  return {};
}

}  // namespace

rt::Result<void> set_option(Options& options, rt::Text name, rt::Text value) {
  const Setting* setting = find(name);
  if (!setting)
    return rt::fail(rt::Errc::usage, 0, "there is no option '%pT' (--help lists them)", &name);
  return set(*setting, setting->place(options), value);
}

rt::Text option_name(char flag) {
  for (const Setting& setting : kSettings)
    if (setting.flag && setting.flag == flag) return setting.name;
  return {};
}

bool is_switch(rt::Text name) {
  const Setting* setting = find(name);
  return setting && setting->kind == Kind::toggle;
}

void print_help(rt::Sink& out) {
  rt::print(out, "usage: llama.efi [MODEL] [options]      the same names work in llama.cfg\n");
  for (const Setting& setting : kSettings)
    if (setting.flag)
      rt::print(out, "  -%c, --%-12s %s\n", setting.flag, setting.name, setting.help);
    else
      rt::print(out, "      --%-12s %s\n", setting.name, setting.help);
}

}  // namespace boot
