#include "boot/conversation.hpp"

#include "boot/commands.hpp"
#include "rt/parse.hpp"

namespace boot {
namespace {

rt::Result<void> tell(Conversation& c, uint64_t started) {
  if (c.options.temperature != 0)
    rt::print(c.terminal.console, "seed      %llu\n", static_cast<unsigned long long>(c.options.seed));
  return tell_story(*c.engine, c.options, c.record, c.terminal, started);
}

/// The next story, which begins with `prompt` where that is not empty, and else as the one before.
rt::Result<void> tell_next(Conversation& c, rt::Text prompt) {
  ++c.options.seed;
  if (!prompt.empty()) {
    if (rt::Result<void> kept = keep_text(c, "prompt", prompt); !kept) return kept;
    c.options.prompt = prompt;
  }
  return tell(c, platform::Clock::ticks());
}

/// Takes prompts and commands until something else comes next.
Conversation::Next talk(Conversation& c) {
  for (c.next = Conversation::Next::line; c.next == Conversation::Next::line;) {
    c.terminal.console.set_color(platform::Color::light_cyan);
    const LineEditor::End end = c.editor.read("> ");
    c.terminal.console.reset_color();
    if (end == LineEditor::End::leave) return Conversation::Next::exit;
    const rt::Text line = rt::trim(c.editor.line());
    const rt::Result<void> done = line.starts_with("/") ? obey(c, line.from(1)) : tell_next(c, line);
    if (!done) print_error(c.terminal.console, done.error());
  }
  return c.next;
}

/// One model after another, until the user has enough.
rt::Result<void> converse(Conversation& c, uint64_t started) {
  Options& options = c.options;
  char buffer[256];
  rt::Text loaded;  // the last model that worked, in `buffer`; empty: the default one
  bool worked = false;
  for (;;) {
    Engine engine(static_cast<uint32_t>(options.threads));
    if (rt::Result<void> done = load(engine, options, c.terminal); !done) {
      if (!worked || options.model == loaded) return done;
      print_error(c.terminal.console, done.error());
      options.model = loaded;
      continue;
    }
    loaded = rt::print_to({buffer, sizeof buffer}, "%pT", &options.model);
    worked = true;
    c.engine = &engine;
    const rt::Result<void> told = tell(c, started);
    if (options.on_finish != OnFinish::prompt) return told;
    if (!told) print_error(c.terminal.console, told.error());
    c.terminal.console.write("Enter: another story. Or type how one begins. /help: more. /quit: leave.\n");
    switch (talk(c)) {
      case Conversation::Next::line:
      case Conversation::Next::exit: options.on_finish = OnFinish::exit; return {};
      case Conversation::Next::poweroff: options.on_finish = OnFinish::poweroff; return {};
      case Conversation::Next::reboot: options.on_finish = OnFinish::reboot; return {};
      case Conversation::Next::other_model: started = platform::Clock::ticks();
    }
  }
}

}  // namespace

rt::Result<void> converse(Options& options, const Terminal& terminal, uint64_t started) {
  rt::Result<platform::Pages> pages =
      platform::Pages::allocate(sizeof(Conversation), platform::MemoryUse::buffer, "the conversation");
  if (!pages) return pages.error();
  return converse(*new (rt::Placement{pages->memory().data}) Conversation(options, terminal), started);
}

}  // namespace boot
