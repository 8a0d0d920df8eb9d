#include "boot/chat.hpp"

#include "boot/pace.hpp"

namespace boot {
namespace {

/// Bytes of a token, less the control characters that would move the cursor about.
void show(rt::Text text, Console& console) {
  uint64_t from = 0;
  for (uint64_t i = 0; i < text.size; ++i) {
    const uint8_t c = uint8_t(text[i]);
    if ((c >= 0x20 && c != 0x7f) || c == '\n' || c == '\t') continue;
    console.write(text.part(from, i - from));
    from = i + 1;
  }
  console.write(text.from(from));
}

/// When tokens came.
struct Figures {
  uint32_t drawn = 0;  // tokens that were not the prompt's
  uint64_t first = 0, last = 0;

  void count() {
    last = Clock::ticks();
    if (drawn++ == 0) first = last;
  }
};

void print_figures(const Figures& figures, const model::Session& session, const Terminal& terminal,
                   uint64_t started) {
  const double seconds = terminal.clock.seconds(figures.last - figures.first);
  const double rate = figures.drawn > 1 && seconds > 0 ? (figures.drawn - 1) / seconds : 0;
  const double first =
      figures.drawn ? terminal.clock.seconds(figures.first - started) : terminal.clock.seconds_since(started);
  rt::print(terminal.console,
            "\n\n%'u token%s, %.1f tokens/s, first token after %.2f s, memory %'llu bytes\n",
            session.position(), session.position() == 1 ? "" : "s", rate, first,
            static_cast<unsigned long long>(memory_count().peak));
}

}  // namespace

rt::Result<void> tell_story(Engine& engine, const Options& options, const Terminal& terminal,
                            uint64_t started) {
  const uint64_t mark = engine.arena.mark();
  engine.sampler.set(options.sampling());
  model::Session session(engine.transformer, engine.tokenizer, engine.sampler);
  rt::Result<void> begun =
      session.begin(options.prompt, static_cast<uint32_t>(options.steps), engine.arena);
  if (!begun) return begun;

  terminal.console.write("\n");
  Figures figures;
  Pace pace(engine, terminal, options.threads != 0);
  bool stopped = false;
  while (!stopped) {
    const uint64_t before = Clock::ticks();
    const model::Session::Event event = session.advance();
    if (event == model::Session::Event::end) break;
    stopped = terminal.keyboard.stop_pressed();
    terminal.clock.check();
    if (event == model::Session::Event::busy) continue;
    if (session.position() > session.prompt_tokens()) {
      pace.token_took(Clock::ticks() - before);
      figures.count();
    }
    if (options.ids)
      rt::print(terminal.console, session.position() == 1 ? "%u" : " %u", session.token());
    else
      show(session.text(), terminal.console);
  }
  if (options.ids && session.ended_itself()) rt::print(terminal.console, " %u", model::kBos);
  print_figures(figures, session, terminal, started);
  if (stopped) terminal.console.write("stopped\n");
  if (session.filled_context())
    rt::print(terminal.console, "the story fills the model's context of %'u tokens\n",
              engine.transformer.context());
  engine.arena.rewind(mark);
  return {};
}

}  // namespace boot
