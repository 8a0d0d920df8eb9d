#include "boot/conversation.hpp"

#include "boot/commands.hpp"
#include "boot/input_lines.hpp"
#include "boot/models.hpp"
#include "boot/platform/entropy.hpp"
#include "boot/platform/firmware.hpp"
#include "boot/script.hpp"
#include "rt/parse.hpp"

namespace boot {
namespace {

/// The next story, which begins with `prompt` where that is not empty, and else as the one before.
rt::Result<void> tell_next(Conversation& c, rt::Text prompt) {
  const OptionSet set = all_options(c.options);
  if (!prompt.empty()) {
    if (rt::Result<void> done = set.set(*set.find("prompt"), prompt); !done) return done;
    c.prompt = c.options.prompt;
  }
  return c.run_script(platform::Clock::ticks());
}

/// What a line is that is no command.
rt::Result<void> take_line(Conversation& c, rt::Text line) {
  if (!c.chat.on()) return tell_next(c, line);
  if (!line.empty()) return c.chat.ask(line, c.take_seed(), platform::Clock::ticks());
  return c.asks ? c.run_script(platform::Clock::ticks()) : rt::Result<void>{};
}

/// Takes prompts and commands until the user has enough, or no model is left.
rt::Result<void> talk(Conversation& c) {
  c.print_advice();
  while (!c.over) {
    c.terminal.console.set_color(platform::Color::light_cyan);
    TypedInput input;
    Idle* const idle = c.serving.is_open() ? static_cast<Idle*>(&c.serving) : &c.chat;
    const LineEditor::End end = read_input(c.editor, c.terminal.console, "> ", idle, {c.lines, sizeof c.lines}, input);
    c.terminal.console.reset_color();
    if (end == LineEditor::End::leave) {
      c.options.on_finish = OnFinish::exit;
      return {};
    }
    const bool command = !input.several && input.text.starts_with("/");
    // The answer that others wait for comes first, unless the line only looks after that.
    if (c.serving.is_open() && !(command && input.text.starts_with("/serve"))) {
      c.serving.finish_answer();
      c.chat.lost();
    }
    const rt::Result<void> done = command ? obey(c, input.text.from(1)) : take_line(c, input.text);
    if (!done && c.over) return done;
    if (!done) print_error(c.terminal.console, done.error());
  }
  return {};
}

/// The first story, and the talk after it.
rt::Result<void> begin(Conversation& c, uint64_t started) {
  // Before anything is computed that could not be written then.
  if (!c.options.output.empty())
    if (rt::Result<void> done = platform::check_save_path(c.options.output); !done) return done;
  if (rt::Result<void> done = pick_model(c.options, c.terminal); !done) return done;
  if (rt::Result<void> done = c.change_model(); !done) return done;
  if (c.options.serve) {
    if (rt::Result<void> done = c.serving.open(uint16_t(c.options.serve)); !done)
      print_error(c.terminal.console, done.error());
    return talk(c);
  }
  c.asks = !c.options.prompt.empty();
  if (c.chat.on() && c.options.prompt.empty()) {
    if (c.options.on_finish == OnFinish::prompt) return talk(c);
    return rt::fail(rt::Errc::usage, 0, "there is no question: prompt or prompt_file has one");
  }
  const rt::Result<void> told = c.run_script(started);
  if (c.options.on_finish != OnFinish::prompt) return told;
  if (!told) print_error(c.terminal.console, told.error());
  return talk(c);
}

}  // namespace

Conversation::Conversation(Options& of, const Terminal& at)
    : options(of), terminal(at), model(at), editor(at.console, at.keyboard, complete_command), chat(*this), pager_(at) {
  record.clear();
}

rt::Result<void> Conversation::change_model() {
  chat.leave_model();
  const Engine* const before = model.engine();
  const rt::Result<void> done = model.change(options);
  if (done) session = &model.engine()->model.session();
  if (model.engine() != before) chat.take_model();
  serving.use_model();
  return done;
}

rt::Result<Engine*> Conversation::engine() {
  if (!model.engine()) return rt::fail(rt::Errc::usage, 0, "there is no model in memory: /model NAME loads one");
  return model.engine();
}

void Conversation::forget_story() {
  session = &model.engine()->model.session();
}

rt::Result<void> Conversation::run_script(uint64_t started) {
  bool failed = false;
  rt::KeptError first(rt::fail(rt::Errc::usage, 0, ""));
  rt::Text rest = options.prompt, next = take_question(rest);
  if (rest.empty()) next = options.prompt;
  asks = false;
  do {
    if (chat.on()) show_question(next);
    const uint64_t seed = take_seed();
    const rt::Result<void> done = chat.on() ? chat.ask(next, seed, started) : tell(next, seed, started);
    next = take_question(rest);
    if (!done && !failed) first.keep(done.error());
    failed |= !done;
    if (!done && !next.empty()) print_error(terminal.console, done.error());
    started = platform::Clock::ticks();
  } while (!next.empty() && !record.stopped);
  if (failed) return first.error();
  return {};
}

/// Shows a question as if it had been typed.
void Conversation::show_question(rt::Text question) {
  terminal.console.set_color(platform::Color::light_cyan);
  rt::print(terminal.console, "> %pT\n", &question);
  terminal.console.reset_color();
}

uint64_t Conversation::take_seed() {
  if (options.seed == 0) return platform::entropy() % 1'000'000'000 + 1;  // short enough to type
  const uint64_t seed = options.seed;
  options.seed = seed + 1 ? seed + 1 : 1;
  return seed;
}

void Conversation::print_advice() {
  terminal.console.write(chat.on() ? "Ask something. /help: more. /quit: leave.\n"
                                   : "Enter: another story. Or type how one begins. /help: more. /quit: leave.\n");
}

rt::Result<void> Conversation::save(rt::Text path, const char* name, uint64_t seed, rt::Text text,
                                    platform::Replace replace) {
  char buffer[40];
  if (path.empty())
    path = rt::print_to({buffer, sizeof buffer}, "\\%s-%llu.txt", name, static_cast<unsigned long long>(seed));
  const rt::Result<void> done = platform::save_file(path, text, replace);
  if (done) rt::print(terminal.console, "%'zu bytes in %pT\n", size_t(text.size), &path);
  return done;
}

rt::Result<void> Conversation::tell(rt::Text begin, uint64_t seed, uint64_t started) {
  rt::Result<Engine*> engine = this->engine();
  if (!engine) return engine.error();
  chat.lost();
  rt::Result<void> done = tell_story(**engine, *session, options, begin, seed, record, terminal, started, pager());
  if (!done) return done;
  prompt = begin;
  return output.add({record.text, record.bytes}, options.output);
}

Pager* Conversation::pager() {
  if (!options.more || options.on_finish != OnFinish::prompt) return nullptr;
  pager_.begin();
  return &pager_;
}

rt::Result<void> converse(Options& options, const Terminal& terminal, uint64_t started) {
  platform::Pages pages;
  if (rt::Result<void> room = pages.allocate(sizeof(Conversation), platform::MemoryUse::buffer, "the conversation");
      !room)
    return room;
  auto& conversation = *new (rt::Placement{pages.memory().data}) Conversation(options, terminal);
  const rt::Result<void> done = begin(conversation, started);
  conversation.~Conversation();
  return done;
}

}  // namespace boot
