#include "boot/commands.hpp"

#include "boot/option_sources.hpp"
#include "boot/platform/volumes.hpp"
#include "boot/plot.hpp"
#include "boot/start_options.hpp"
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

/// One line of the table of options: what it is called, its value, its default, what it means.
void show_option(Conversation& c, const Option& option) {
  char buffer[14];
  const rt::Text value = all_options(c.options).value(option, {buffer, sizeof buffer});
  rt::print(c.terminal.console, "  %-12s %-13pT %-7s %s\n", option.name, &value, option.initial, option.help);
}

/// An option and the value that it is to get.
struct Setting {
  const Option* option;
  rt::Text value;
};

/// Sets options that say which model is loaded, and how, and loads it. Where that fails, all is as it was.
rt::Result<void> change_model(Conversation& c, rt::Span<const Setting> settings) {
  constexpr uint32_t kMost = 2;
  const OptionSet set = all_options(c.options);
  char buffers[kMost][257];
  rt::Text before[kMost];
  rt::Result<void> done;
  for (uint32_t i = 0; i < settings.count; ++i) {
    const Option& option = *settings[i].option;
    before[i] = set.value(option, {buffers[i], sizeof buffers[i]});
    if (done) done = set.set(option, settings[i].value);
  }
  bool dropped = false;
  if (done) {
    done = c.load_model();
    dropped = !done;
  }
  if (done) return done;
  for (uint32_t i = 0; i < settings.count; ++i) (void)set.set(*settings[i].option, before[i]);
  if (dropped) {
    if (rt::Result<void> again = c.load_model(); !again) {
      print_error(c.terminal.console, done.error());
      c.over = true;
      return again;
    }
  }
  return done;
}

rt::Result<void> set(Conversation& c, rt::Text arguments) {
  const OptionSet set = all_options(c.options);
  if (arguments.empty()) {
    for (const Option& option : set.rows)
      if (option.effect != Option::Effect::never) show_option(c, option);
    return {};
  }
  rt::Text name, value;
  const bool given = split_setting(arguments, false, name, value);
  const Option* const option = set.find(name);
  if (!option) return no_option(name, {&set, 1});
  if (!given) {
    show_option(c, *option);
    return {};
  }
  if (option->effect == Option::Effect::never)
    return rt::fail(rt::Errc::usage, 0, "%s can only be given at the start, in llama.cfg or on a command line",
                    option->name);
  const Setting setting{option, value};
  if (option->effect == Option::Effect::model) return change_model(c, {&setting, 1});
  rt::Result<void> done = set.set(*option, value);
  if (done && option->effect == Option::Effect::prompt) done = read_prompt_file(c.options);
  c.terminal.console.use_colors(c.options.color);
  return done;
}

rt::Result<void> seed(Conversation& c, rt::Text number) {
  const OptionSet set = all_options(c.options);
  return set.set(*set.find("seed"), number);
}

rt::Result<void> model(Conversation& c, rt::Text name) {
  if (name.empty()) {
    list_models(c.terminal);
    return {};
  }
  char path[300];
  const bool is_path = name.starts_with("\\") || name.starts_with("/");
  const rt::Text file = rt::print_to({path, sizeof path}, "%s%pT%s", is_path ? "" : "\\models\\", &name,
                                     name.ends_with(".bin") ? "" : ".bin");
  const OptionSet set = all_options(c.options);
  const Setting settings[] = {{set.find("model"), file}, {set.find("tokenizer"), ""}};
  return change_model(c, {settings, 2});
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
template <OnFinish next>
rt::Result<void> end(Conversation& c, rt::Text) {
  c.options.on_finish = next;
  c.over = true;
  return {};
}

constexpr Command kCommands[] = {
    {"help", "", "this list", help},
    {"set", "NAME VALUE", "change an option; /set alone shows them", set},
    {"seed", "N", "the next story's seed", seed},
    {"model", "[FILE]", "list the models in \\models, or switch to one", model},
    {"stats", "", "how the last story went", stats},
    {"save", "FILE", "write the last story to the boot volume", save},
    {"quit", "", "back to the firmware or shell", end<OnFinish::exit>},
    {"off", "", "switch the machine off", end<OnFinish::poweroff>},
    {"reboot", "", "start the machine anew", end<OnFinish::reboot>},
};

rt::Result<void> help(Conversation& c, rt::Text) {
  for (const Command& command : kCommands)
    rt::print(c.terminal.console, "  /%-7s %-11s %s\n", command.name, command.takes, command.help);
  c.terminal.console.write("While a story is told, Esc or Ctrl-C stops it.\n");
  return {};
}

}  // namespace

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
