#include "boot/chat.hpp"

#include "boot/platform/volumes.hpp"
#include "boot/plot.hpp"
#include "rt/parse.hpp"

namespace boot {
namespace {

using uefi::Color;

/// The first word of `text`; `text` becomes the rest, trimmed.
rt::Text take_word(rt::Text& text) {
  uint64_t n = 0;
  while (n < text.size && text[n] != ' ') ++n;
  const rt::Text word = text.part(0, n);
  text = rt::trim(text.from(n));
  return word;
}

void print_error(const rt::Error& error, const Terminal& terminal) {
  terminal.console.set_color(Color::light_red);
  rt::print(terminal.console, "error: %s\n", error.text);
  terminal.console.reset_color();
}

}  // namespace

struct Conversation::Command {
  const char* name;
  const char* arguments;
  const char* help;
};

const Conversation::Command Conversation::kCommands[] = {
    {"help", "", "this list"},
    {"set", "NAME VALUE", "change an option; /set alone shows them"},
    {"seed", "N", "the next story's seed"},
    {"model", "[FILE]", "list the models in \\models, or switch to one"},
    {"stats", "", "how the last story went"},
    {"save", "FILE", "write the last story to the boot volume"},
    {"quit", "", "back to the firmware or shell"},
    {"off", "", "switch the machine off"},
    {"reboot", "", "start the machine anew"},
};

Conversation::Conversation(Options& options, const Terminal& terminal)
    : options_(options), terminal_(terminal),
      editor_(terminal.console, terminal.keyboard, complete) {
  record_.clear();
}

rt::Result<void> Conversation::tell(Engine& engine, uint64_t started) {
  if (options_.temperature != 0)
    rt::print(terminal_.console, "seed      %llu\n",
              static_cast<unsigned long long>(options_.seed));
  return tell_story(engine, options_, record_, terminal_, started);
}

Conversation::Next Conversation::run(Engine& engine, uint64_t started) {
  if (rt::Result<void> told = tell(engine, started); !told) print_error(told.error(), terminal_);
  terminal_.console.write("Enter: another story. Or type how one begins. /help: more. Esc: leave.\n");
  for (;;) {
    terminal_.console.set_color(Color::light_cyan);
    if (editor_.read("> ") == LineEditor::End::leave) return Next::quit;
    terminal_.console.reset_color();
    const rt::Text line = rt::trim(editor_.line());
    if (line.starts_with("/")) {
      const Outcome outcome = obey(line.from(1), engine);
      if (outcome.ends) return outcome.next;
      continue;
    }
    ++options_.seed;
    if (!line.empty()) {
      rt::Text prompt = line;
      if (rt::Result<void> kept = keep_text("prompt", prompt); !kept) print_error(kept.error(), terminal_);
      options_.prompt = prompt;
    }
    if (rt::Result<void> told = tell(engine, platform::Clock::ticks()); !told)
      print_error(told.error(), terminal_);
  }
}

Conversation::Outcome Conversation::obey(rt::Text line, Engine&) {
  const rt::Text name = take_word(line);
  rt::Result<void> done;
  if (name == "help") help();
  else if (name == "set" && line.empty()) settings();
  else if (name == "set") done = set(line);
  else if (name == "seed") {
    char text[64];
    done = set(rt::print_to({text, sizeof text}, "seed %pT", &line));
    if (done) --options_.seed;  // the next story counts on by one
  }
  else if (name == "model" && line.empty()) list_models(terminal_);
  else if (name == "model") {
    char path[256];
    const bool is_path = line.starts_with("\\") || line.starts_with("/");
    rt::Text model = rt::print_to({path, sizeof path}, "%s%pT%s", is_path ? "" : "\\models\\",
                                  &line, line.ends_with(".bin") ? "" : ".bin");
    done = keep_text("model", model);
    if (done) {
      options_.model = model;
      options_.tokenizer = {};
      return {true, Next::other_model};
    }
  }
  else if (name == "stats") stats();
  else if (name == "save") done = save(line);
  else if (name == "quit") return {true, Next::quit};
  else if (name == "off") return {true, Next::power_off};
  else if (name == "reboot") return {true, Next::reboot};
  else
    done = rt::fail(rt::Errc::usage, 0, "there is no command /%pT (/help lists them)", &name);
  if (!done) print_error(done.error(), terminal_);
  return {};
}

void Conversation::help() {
  for (const Command& command : kCommands)
    rt::print(terminal_.console, "  /%-7s %-11s %s\n", command.name, command.arguments,
              command.help);
  terminal_.console.write("While a story is told, Esc or Ctrl-C stops it.\n");
}

/// Copies the text of an option to where it can stay; `value` is then that copy.
rt::Result<void> Conversation::keep_text(rt::Text name, rt::Text& value) {
  const struct {
    rt::Text name;
    rt::Span<char> place;
  } places[] = {{"prompt", {prompt_, sizeof prompt_}},
                {"model", {model_, sizeof model_}},
                {"tokenizer", {tokenizer_, sizeof tokenizer_}},
                {"kernel", {kernel_, sizeof kernel_}}};
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

rt::Result<void> Conversation::set(rt::Text arguments) {
  const rt::Text name = take_word(arguments);
  rt::Text value = arguments;
  if (rt::Result<void> kept = keep_text(name, value); !kept) return kept;
  if (rt::Result<void> done = set_option(options_, name, value); !done) return done;
  terminal_.console.use_colors(options_.color);
  if (name == "model" || name == "tokenizer" || name == "precision" || name == "kernel" ||
      name == "threads")
    terminal_.console.write("this counts when a model is loaded: /model FILE\n");
  return {};
}

void Conversation::settings() {
  rt::print(terminal_.console,
            "temperature %g, topp %g, seed %llu, steps %llu, precision %s, color %s\nprompt \"%pT\"\n",
            double(options_.temperature), double(options_.topp),
            static_cast<unsigned long long>(options_.seed),
            static_cast<unsigned long long>(options_.steps),
            options_.precision == model::DType::q8 ? "q8" : "f32", options_.color ? "on" : "off",
            &options_.prompt);
}

void Conversation::stats() {
  if (record_.tokens == 0) {
    terminal_.console.write("no story yet\n");
    return;
  }
  float rates[Record::kTokens / 8];  // as many as a console is wide, and more
  const uint32_t n = rt::min<uint32_t>(record_.tokens, Record::kTokens / 8);
  for (uint32_t i = 0; i < n; ++i) rates[i] = record_.seconds[i] > 0 ? 1 / record_.seconds[i] : 0;
  plot(terminal_.console, "tokens/s", rates, n);
  if (record_.bits[0] < 0)
    terminal_.console.write("surprise is known for sampled stories, and with show = confidence\n");
  else
    plot(terminal_.console, "surprise, bits per token", record_.bits, record_.tokens);
}

rt::Result<void> Conversation::save(rt::Text path) {
  if (path.empty()) return rt::fail(rt::Errc::usage, 0, "save where? /save \\story.txt");
  if (record_.bytes == 0) return rt::fail(rt::Errc::usage, 0, "there is no story to save");
  rt::Result<platform::Volume> volume = platform::Volume::open(platform::boot_device());
  if (!volume) return volume.error();
  rt::Result<platform::File> file = volume->create_file(path);
  if (!file) return file.error();
  if (rt::Result<void> done = file->write({record_.text, record_.bytes}); !done) return done;
  if (rt::Result<void> done = file->flush(); !done) return done;
  rt::print(terminal_.console, "%'u bytes in %pT\n", record_.bytes, &path);
  return {};
}

/// The rest of a command that only one begins with.
rt::Text Conversation::complete(rt::Text line) {
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
