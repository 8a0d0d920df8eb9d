#include "boot/commands.hpp"

#include "boot/bench.hpp"
#include "boot/chat_commands.hpp"
#include "boot/head.hpp"
#include "boot/models.hpp"
#include "boot/option_sources.hpp"
#include "boot/platform/model_names.hpp"
#include "boot/platform/saving.hpp"
#include "boot/plot.hpp"
#include "boot/start_options.hpp"
#include "rt/parse.hpp"
#include "rt/utf.hpp"

namespace boot {
namespace {

/// The first word of `text`; `text` becomes the rest, trimmed.
rt::Text take_word(rt::Text& text) {
  const rt::Text word = rt::take_until(text, ' ');
  text = rt::trim(text);
  return word;
}

struct Command {
  const char* name;
  const char* takes;
  const char* help;
  rt::Result<void> (*run)(Conversation&, rt::Text arguments);
  /// Offers what may come behind the arguments before; null: nothing that could be known.
  void (*complete)(rt::Text before, Candidates& candidates) = nullptr;
};

rt::Result<void> help(Conversation& c, rt::Text about);

/// One line of the table of options: what it is called, its value, its default, what it means.
void show_option(Conversation& c, const Option& option) {
  char buffer[24];
  rt::Text value = all_options(c.options).value(option, {buffer, sizeof buffer});
  value = rt::clip(value, 13);
  rt::print(c.terminal.console, "  %-12s %-13pT %-7s %s\n", option.name, &value, option.initial, option.help);
}

/// One option, whole.
void explain_option(Conversation& c, const Option& option) {
  static constexpr const char* kEffects[] = {"for the next story", "the file is read at once", "from now on",
                                             "the model is loaded anew", "only at the start"};
  char buffer[24], taken[24];
  const rt::Text value = all_options(c.options).value(option, {buffer, sizeof buffer});
  const rt::Text takes_what = takes(option, {taken, sizeof taken});
  rt::print(c.terminal.console, "  %s = %pT\n  %s; %s\n  %pT%s%s\n", option.name, &value, option.help,
            kEffects[int(option.effect)], &takes_what, option.initial[0] ? ", default " : "", option.initial);
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
  char texts[kMost][257];
  rt::Text before[kMost];
  rt::Result<void> done{};
  for (uint32_t i = 0; i < settings.count; ++i) {
    const Option& option = *settings[i].option;
    const rt::Span<char> text{texts[i], sizeof texts[i]};
    before[i] = set.value(option, text);
    before[i] = rt::print_to(text, "%pT", &before[i]);
    if (done) done = set.set(option, settings[i].value);
  }
  if (done) done = c.change_model();
  if (done) return done;
  for (uint32_t i = 0; i < settings.count; ++i) (void)set.set(*settings[i].option, before[i]);
  if (c.model.engine()) return done;
  print_error(c.terminal.console, done.error());
  c.terminal.console.write("note: the model from before is loaded again\n");
  return c.change_model();
}

/// Sets an option that says how a chat goes. Where that fails, all is as it was.
rt::Result<void> set_chat(Conversation& c, const Setting& setting) {
  const OptionSet set = all_options(c.options);
  char text[kSystemBytes];
  rt::Text before = set.value(*setting.option, {});
  rt::copy_bytes(text, before.data, before.size);
  before.data = text;
  if (rt::Result<void> done = set.set(*setting.option, setting.value); !done) return done;
  rt::Result<void> done = c.model.engine() ? c.chat.follow_options() : rt::Result<void>{};
  if (!done) (void)set.set(*setting.option, before);
  return done;
}

rt::Result<void> set(Conversation& c, rt::Text arguments) {
  const OptionSet set = all_options(c.options);
  if (arguments.empty()) {
    c.terminal.console.write("  option       value         default meaning\n");
    for (const Option& option : set.rows)
      if (option.effect != Option::Effect::never) show_option(c, option);
    return {};
  }
  rt::Text name, value;
  const bool given = split_setting(arguments, false, name, value);
  const Option* const option = set.find(name);
  if (!option) return no_option(name, {&set, 1});
  if (!given) {
    explain_option(c, *option);
    return {};
  }
  if (option->effect == Option::Effect::never)
    return rt::fail(rt::Errc::usage, 0, "%s can only be given at the start, in llama.cfg or on a command line",
                    option->name);
  const Setting setting{option, value};
  if (option->effect == Option::Effect::model) return change_model(c, {&setting, 1});
  if (option->effect == Option::Effect::output && !value.empty())
    if (rt::Result<void> done = platform::check_save_path(value); !done) return done;
  const bool chat = option->place == offsetof(Options, chat_template) || option->place == offsetof(Options, system);
  rt::Result<void> done = chat ? set_chat(c, setting) : set.set(*option, value);
  if (done && option->effect == Option::Effect::prompt) done = read_prompt_file(c.options);
  if (option->effect == Option::Effect::prompt || option->place == offsetof(Options, prompt)) {
    c.prompt = c.options.prompt;
    c.asks = !c.prompt.empty();
  }
  if (option->effect == Option::Effect::output) c.output.begin_anew();
  c.terminal.console.use_colors(c.options.color);
  c.terminal.console.use_utf8(c.options.utf8);
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
  const bool is_path = name.starts_with("\\") || name.starts_with("/") || name.starts_with("http://");
  rt::Text file = is_path ? rt::Text() : find_model(name, {path, sizeof path}, c.terminal.console);
  if (file.empty())
    file = rt::print_to({path, sizeof path}, "%s%pT%s", is_path ? "" : "\\models\\", &name,
                        platform::is_model_name(name) ? "" : ".bin");
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

template <platform::Replace replace>
rt::Result<void> save(Conversation& c, rt::Text path) {
  if (c.chat.on()) return save_chat(c, path, replace);
  if (c.record.bytes == 0) return rt::fail(rt::Errc::usage, 0, "there is no story to save");
  return c.save(path, "story", c.record.seed, {c.record.text, c.record.bytes}, replace);
}

/// The seed that stands in `text`, else `otherwise`.
rt::Result<uint64_t> seed_of(rt::Text text, uint64_t otherwise) {
  uint64_t seed = otherwise;
  if (!text.empty() && !rt::parse_u64(text, seed))
    return rt::fail(rt::Errc::usage, 0, "a seed is a whole number, not '%pT'", &text);
  return seed;
}

/// Tells the last story or answers the last question again, with the seed that is given, else the next, or the same.
template <bool next>
rt::Result<void> again(Conversation& c, rt::Text number) {
  const bool chat = c.chat.on();
  if (!chat && c.record.bytes == 0) return rt::fail(rt::Errc::usage, 0, "there is no story to tell again");
  rt::Result<uint64_t> seed = seed_of(number, chat ? c.chat.seed() : c.record.seed);
  if (!seed) return seed.error();
  if (next && number.empty()) *seed = c.take_seed();
  return chat ? c.chat.answer_again(*seed) : c.tell(c.prompt, *seed, platform::Clock::ticks());
}

rt::Result<void> go_on(Conversation& c, rt::Text) {
  rt::Result<Engine*> engine = c.engine();
  if (!engine) return engine.error();
  if (c.chat.on()) return c.chat.go_on();
  if (c.session->position() == 0)
    return rt::fail(rt::Errc::usage, 0, "there is no story of this model to go on with: press Enter for one");
  return continue_story(**engine, *c.session, c.options, c.record, c.terminal, c.pager());
}

rt::Result<void> info(Conversation& c, rt::Text) {
  print_title(c.terminal.console);
  print_machine(c.terminal.console);
  if (c.model.engine()) print_model(*c.model.engine(), c.options, c.terminal);
  c.chat.print_head();
  return {};
}

rt::Result<void> measure(Conversation& c, rt::Text) {
  rt::Result<Engine*> engine = c.engine();
  if (!engine) return engine.error();
  c.forget_story();
  bench(**engine, c.options, c.terminal);
  return {};
}

rt::Result<void> serve(Conversation& c, rt::Text argument) {
  uint64_t port = c.options.serve ? c.options.serve : 8080;
  if (argument == "off") {
    c.serving.close();
    c.chat.lost();
    return {};
  }
  if (!argument.empty() && (!rt::parse_u64(argument, port) || port == 0 || port > 65535))
    return rt::fail(rt::Errc::usage, 0, "/serve wants a port from 1 to 65535, or off, not '%pT'", &argument);
  return c.serving.open(uint16_t(port));
}

/// A command that ends the conversation.
template <OnFinish next>
rt::Result<void> end(Conversation& c, rt::Text) {
  c.options.on_finish = next;
  c.over = true;
  return {};
}

void offer_subjects(rt::Text before, Candidates& candidates);

void offer_options(bool all, Candidates& candidates) {
  for (const Option& option : option_rows())
    if (all || option.effect != Option::Effect::never) candidates.offer(option.name);
}

/// The models on all volumes, by path, or by name where `named`. What cannot be read is left out without a word.
template <bool named>
void offer_files(Candidates& candidates) {
  visit_models({&candidates, [](void* self, platform::Device, rt::Text path, uint64_t) {
                  static_cast<Candidates*>(self)->offer(named ? path.from(kModelsFolder.size + 1) : path);
                }}, nullptr);
}

void offer_models(rt::Text before, Candidates& candidates) {
  if (!before.empty()) return;
  offer_files<true>(candidates);
  offer_files<false>(candidates);
}

/// An option behind `/set`, or a value behind the option, perhaps with a = between them.
void offer_settings(rt::Text before, Candidates& candidates) {
  if (before.empty()) return offer_options(false, candidates);
  rt::Text name, value;
  (void)split_setting(before, false, name, value);
  for (const Option& option : option_rows()) {
    if (!value.empty() || !(name == option.name)) continue;
    if (name == "model") offer_files<false>(candidates);
    if (option.kind != Option::Kind::choice) continue;
    for (rt::Text words = option.values; !words.empty();) candidates.offer(rt::take_until(words, '|'));
  }
}

constexpr Command kCommands[] = {
    {"help", "[NAME]", "this list, or what an option or command does", help, offer_subjects},
    {"set", "NAME VALUE", "change an option; /set alone shows them all", set, offer_settings},
    {"again", "[SEED]", "the last story or answer once more", again<false>},
    {"retry", "[SEED]", "the same with the next seed", again<true>},
    {"continue", "", "go on with it", go_on},
    {"clear", "", "begin a new conversation", clear_chat},
    {"system", "[TEXT]", "what the model is told first: show it, or set it", set_system},
    {"context", "", "how much of the model's context is used", show_context},
    {"story", "", "what is typed begins a story", begin_stories},
    {"chat", "", "what is typed is a question again", begin_chat},
    {"seed", "N", "the next story's seed; 0: another every time", seed},
    {"model", "[NAME]", "list the models in \\models, or switch to one", model, offer_models},
    {"load", "FILE", "go on with a conversation that was saved", load_chat},
    {"save", "[FILE]", "write the conversation, or the last story, to a file", save<platform::Replace::no>},
    {"save!", "[FILE]", "the same, in place of a file that is there", save<platform::Replace::yes>},
    {"stats", "", "how the last story went", stats},
    {"info", "", "this machine, the program and the model", info},
    {"serve", "[PORT]", "answer other machines by HTTP; /serve off ends it", serve},
    {"bench", "", "measure the speed: one line to share", measure},
    {"quit", "", "back to the firmware or shell", end<OnFinish::exit>},
    {"off", "", "switch the machine off", end<OnFinish::poweroff>},
    {"reboot", "", "start the machine anew", end<OnFinish::reboot>},
};
constexpr Names kNames{&kCommands[0].name, sizeof kCommands / sizeof kCommands[0], sizeof(Command)};

void offer_subjects(rt::Text before, Candidates& candidates) {
  if (!before.empty()) return;
  offer_options(true, candidates);
  for (const Command& command : kCommands) candidates.offer(command.name);
}

void show_command(Conversation& c, const Command& command) {
  rt::print(c.terminal.console, "  /%-8s %-11s %s\n", command.name, command.takes, command.help);
}

rt::Result<void> help(Conversation& c, rt::Text about) {
  if (about.empty()) {
    for (const Command& command : kCommands) show_command(c, command);
    c.terminal.console.write("Tab completes. Lines between \"\"\" and \"\"\" are one text.\n"
                             "Esc or Ctrl-C stops what the model writes.\n");
    return {};
  }
  while (about.starts_with("/") || about.starts_with("-")) about = about.from(1);
  const uint32_t command = kNames.find(about);
  if (command < kNames.count) show_command(c, kCommands[command]);
  const OptionSet set = all_options(c.options);
  const Option* const option = set.find(about);
  if (option) explain_option(c, *option);
  if (option || command < kNames.count) return {};
  rt::Text nearest = kNames.nearest(about);
  if (nearest.empty()) nearest = set.names().nearest(about);
  return no_such("option or command ", about, nearest, "/help and /set list them");
}

}  // namespace

rt::Result<void> obey(Conversation& c, rt::Text line) {
  const rt::Text name = take_word(line);
  const uint32_t command = kNames.find(name);
  if (command < kNames.count) return kCommands[command].run(c, line);
  return no_such("command ", name, kNames.nearest(name), "/help lists them");
}

void complete_command(rt::Text line, Candidates& candidates) {
  if (line.empty()) {
    char word[16];
    for (const Command& command : kCommands) candidates.offer(rt::print_to({word, sizeof word}, "/%s", command.name));
  } else if (line.starts_with("/")) {
    line = line.from(1);
    const uint32_t command = kNames.find(take_word(line));
    if (command < kNames.count && kCommands[command].complete) kCommands[command].complete(line, candidates);
  }
}

}  // namespace boot
