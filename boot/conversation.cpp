#include "boot/conversation.hpp"

#include "boot/commands.hpp"
#include "boot/input_lines.hpp"
#include "boot/models.hpp"
#include "boot/platform/entropy.hpp"
#include "boot/platform/saving.hpp"
#include "boot/script.hpp"
#include "rt/parse.hpp"

namespace boot {
namespace {

/// The seed of the next story.
uint64_t take_seed(Options& options) {
  if (options.seed == 0) return platform::entropy() % 1'000'000'000 + 1;  // short enough to type
  const uint64_t seed = options.seed;
  options.seed = seed + 1 ? seed + 1 : 1;
  return seed;
}

/// The next story, which begins with `prompt` where that is not empty, and else as the one before.
rt::Result<void> tell_next(Conversation& c, rt::Text prompt) {
  const OptionSet set = all_options(c.options);
  if (!prompt.empty()) {
    if (rt::Result<void> done = set.set(*set.find("prompt"), prompt); !done) return done;
    c.prompt = c.options.prompt;
  }
  return c.tell(platform::Clock::ticks());
}

/// Takes prompts and commands until the user has enough, or no model is left.
rt::Result<void> talk(Conversation& c) {
  c.terminal.console.write("Enter: another story. Or type how one begins. /help: more. /quit: leave.\n");
  while (!c.over) {
    c.terminal.console.set_color(platform::Color::light_cyan);
    TypedInput input;
    const LineEditor::End end = read_input(c.editor, c.terminal.console, "> ", nullptr, {c.lines, sizeof c.lines}, input);
    c.terminal.console.reset_color();
    if (end == LineEditor::End::leave) {
      c.options.on_finish = OnFinish::exit;
      return {};
    }
    const bool command = !input.several && input.text.starts_with("/");
    const rt::Result<void> done = command ? obey(c, input.text.from(1)) : tell_next(c, input.text);
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
  const rt::Result<void> told = c.tell(started);
  if (c.options.on_finish != OnFinish::prompt) return told;
  if (!told) print_error(c.terminal.console, told.error());
  return talk(c);
}

}  // namespace

Conversation::Conversation(Options& of, const Terminal& at)
    : options(of), terminal(at), model(at), editor(at.console, at.keyboard, complete_command), pager_(at) {
  record.clear();
}

rt::Result<void> Conversation::change_model() {
  rt::Result<void> done = model.change(options);
  if (done) forget_story();
  return done;
}

rt::Result<Engine*> Conversation::engine() {
  if (!model.engine()) return rt::fail(rt::Errc::usage, 0, "there is no model in memory: /model FILE loads one");
  return model.engine();
}

void Conversation::forget_story() {
  session = &model.engine()->model.session();
}

rt::Result<void> Conversation::tell(uint64_t started) {
  rt::Result<void> all;  // or the first thing that went wrong
  rt::Text rest = options.prompt, next = take_question(rest);
  if (rest.empty()) next = options.prompt;
  do {
    const rt::Result<void> done = tell(next, take_seed(options), started);
    next = take_question(rest);
    if (!done && all) all = done.error();
    if (!done && !next.empty()) print_error(terminal.console, done.error());
    started = platform::Clock::ticks();
  } while (!next.empty() && !record.stopped);
  return all;
}

rt::Result<void> Conversation::tell(rt::Text begin, uint64_t seed, uint64_t started) {
  rt::Result<Engine*> engine = this->engine();
  if (!engine) return engine.error();
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
  rt::Result<platform::Pages> pages =
      platform::Pages::allocate(sizeof(Conversation), platform::MemoryUse::buffer, "the conversation");
  if (!pages) return pages.error();
  auto& conversation = *new (rt::Placement{pages->memory().data}) Conversation(options, terminal);
  const rt::Result<void> done = begin(conversation, started);
  conversation.~Conversation();
  return done;
}

}  // namespace boot
