#include "boot/commands.hpp"

#include "boot/platform/volumes.hpp"
#include "boot/plot.hpp"
#include "rt/parse.hpp"

namespace boot {
namespace {

/// The first word of `text`; `text` becomes the rest, trimmed.
rt::Text take_word(rt::Text& text) {
  uint64_t n = 0;
  while (n < text.size && text[n] != ' ') ++n;
  const rt::Text word = text.part(0, n);
  text = rt::trim(text.from(n));
  return word;
}

struct Command {
  const char* name;
  const char* takes;
  const char* help;
  rt::Result<void> (*run)(Conversation&, rt::Text arguments);
};

rt::Result<void> help(Conversation& c, rt::Text);

rt::Result<void> show_settings(Conversation& c) {
  const Options& o = c.options;
  rt::print(c.terminal.console,
            "temperature %g, topp %g, seed %llu, steps %llu, precision %s, color %s\nprompt \"%pT\"\n",
            double(o.temperature), double(o.topp), static_cast<unsigned long long>(o.seed),
            static_cast<unsigned long long>(o.steps), o.precision == model::DType::q8 ? "q8" : "f32",
            o.color ? "on" : "off", &o.prompt);
  return {};
}

rt::Result<void> set(Conversation& c, rt::Text arguments) {
  if (arguments.empty()) return show_settings(c);
  const rt::Text name = take_word(arguments);
  rt::Text value = arguments;
  if (rt::Result<void> kept = keep_text(c, name, value); !kept) return kept;
  if (rt::Result<void> done = set_option(c.options, name, value); !done) return done;
  c.terminal.console.use_colors(c.options.color);
  if (name == "model" || name == "tokenizer" || name == "precision" || name == "kernel" || name == "threads")
    c.terminal.console.write("this counts when a model is loaded: /model FILE\n");
  return {};
}

rt::Result<void> seed(Conversation& c, rt::Text number) {
  rt::Result<void> done = set_option(c.options, "seed", number);
  if (done) --c.options.seed;  // the next story counts on by one
  return done;
}

rt::Result<void> model(Conversation& c, rt::Text name) {
  if (name.empty()) {
    list_models(c.terminal);
    return {};
  }
  char path[256];
  const bool is_path = name.starts_with("\\") || name.starts_with("/");
  rt::Text file = rt::print_to({path, sizeof path}, "%s%pT%s", is_path ? "" : "\\models\\", &name,
                               name.ends_with(".bin") ? "" : ".bin");
  if (rt::Result<void> kept = keep_text(c, "model", file); !kept) return kept;
  c.options.model = file;
  c.options.tokenizer = {};
  c.next = Conversation::Next::other_model;
  return {};
}

rt::Result<void> stats(Conversation& c, rt::Text) {
  const Record& record = c.record;
  platform::Console& console = c.terminal.console;
  if (record.tokens == 0) {
    console.write("no story yet\n");
    return {};
  }
  float rates[Record::kTokens / 8];  // as many as a console is wide, and more
  const uint32_t n = rt::min<uint32_t>(record.tokens, Record::kTokens / 8);
  for (uint32_t i = 0; i < n; ++i) rates[i] = record.seconds[i] > 0 ? 1 / record.seconds[i] : 0;
  plot(console, "tokens/s", rates, n);
  if (record.bits[0] < 0)
    console.write("surprise is known for sampled stories, and with show = confidence\n");
  else
    plot(console, "surprise, bits per token", record.bits, record.tokens);
  return {};
}

rt::Result<void> save(Conversation& c, rt::Text path) {
  if (path.empty()) return rt::fail(rt::Errc::usage, 0, "save where? /save \\story.txt");
  if (c.record.bytes == 0) return rt::fail(rt::Errc::usage, 0, "there is no story to save");
  rt::Result<platform::Volume> volume = platform::Volume::open(platform::boot_device());
  if (!volume) return volume.error();
  rt::Result<platform::File> file = volume->create_file(path);
  if (!file) return file.error();
  if (rt::Result<void> done = file->write({c.record.text, c.record.bytes}); !done) return done;
  if (rt::Result<void> done = file->flush(); !done) return done;
  rt::print(c.terminal.console, "%'u bytes in %pT\n", c.record.bytes, &path);
  return {};
}

/// A command that ends the conversation.
template <Conversation::Next next>
rt::Result<void> end(Conversation& c, rt::Text) {
  c.next = next;
  return {};
}

constexpr Command kCommands[] = {
    {"help", "", "this list", help},
    {"set", "NAME VALUE", "change an option; /set alone shows them", set},
    {"seed", "N", "the next story's seed", seed},
    {"model", "[FILE]", "list the models in \\models, or switch to one", model},
    {"stats", "", "how the last story went", stats},
    {"save", "FILE", "write the last story to the boot volume", save},
    {"quit", "", "back to the firmware or shell", end<Conversation::Next::exit>},
    {"off", "", "switch the machine off", end<Conversation::Next::poweroff>},
    {"reboot", "", "start the machine anew", end<Conversation::Next::reboot>},
};

rt::Result<void> help(Conversation& c, rt::Text) {
  for (const Command& command : kCommands)
    rt::print(c.terminal.console, "  /%-7s %-11s %s\n", command.name, command.takes, command.help);
  c.terminal.console.write("While a story is told, Esc or Ctrl-C stops it.\n");
  return {};
}

}  // namespace

Conversation::Conversation(Options& of, const Terminal& at)
    : options(of), terminal(at), editor(at.console, at.keyboard, complete_command) {
  record.clear();
}

rt::Result<void> keep_text(Conversation& c, rt::Text name, rt::Text& value) {
  const struct {
    rt::Text name;
    rt::Span<char> place;
  } places[] = {{"prompt", {c.prompt, sizeof c.prompt}},
                {"model", {c.model, sizeof c.model}},
                {"tokenizer", {c.tokenizer, sizeof c.tokenizer}},
                {"kernel", {c.kernel, sizeof c.kernel}}};
  for (const auto& [own, place] : places) {
    if (!(own == name)) continue;
    if (value.size > place.count)
      return rt::fail(rt::Errc::usage, value.size, "%pT is longer than %llu bytes", &name,
                      static_cast<unsigned long long>(place.count));
    rt::move_bytes(place.data, value.data, value.size);
    value = {place.data, value.size};
  }
  return {};
}

rt::Result<void> obey(Conversation& c, rt::Text line) {
  const rt::Text name = take_word(line);
  for (const Command& command : kCommands)
    if (name == command.name) return command.run(c, line);
  return rt::fail(rt::Errc::usage, 0, "there is no command /%pT (/help lists them)", &name);
}

rt::Text complete_command(rt::Text line) {
  if (!line.starts_with("/")) return {};
  const rt::Text begun = line.from(1);
  rt::Text rest;
  for (const Command& command : kCommands) {
    const rt::Text name = command.name;
    if (!name.starts_with(begun)) continue;
    if (!rest.empty()) return {};
    rest = name.from(begun.size);
  }
  return rest;
}

}  // namespace boot
