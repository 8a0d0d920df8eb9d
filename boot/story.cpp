#include "boot/story.hpp"

#include "boot/telling.hpp"
#include "boot/tune.hpp"

namespace boot {
namespace {

rt::Result<void> begin(Engine& engine, model::Session& session, const Options& options, rt::Text prompt, uint64_t seed,
                       Record& record, const Terminal& terminal) {
  const uint32_t steps = static_cast<uint32_t>(options.steps);
  if (rt::Result<void> done = session.begin(prompt, steps, engine.model.arena()); !done) return done;
  model::Sampling sampling = options.sampling();
  sampling.seed = seed;
  engine.model.sampler().set(sampling);
  record.clear();
  record.seed = seed;
  if (options.temperature != 0)
    rt::print(terminal.console, "seed      %llu\n", static_cast<unsigned long long>(seed));
  if (steps && steps < session.prompt_tokens())
    rt::print(terminal.console, "note: the prompt alone has %'u tokens, and steps is %'u: the story ends within it\n",
              session.prompt_tokens(), steps);
  return {};
}

/// What is said behind a story.
void end(Telling& telling, Engine& engine, const model::Session& session, const Record& record,
         const Terminal& terminal, uint64_t started) {
  telling.print_figures(session.position(), started);
  rt::print(terminal.console, ", memory %'llu bytes\n",
            static_cast<unsigned long long>(platform::memory_count().peak));
  if (record.stopped) terminal.console.write("stopped\n");
  if (session.filled_context())
    rt::print(terminal.console, "the story fills the model's context of %'u tokens\n",
              engine.model.transformer().context());
  terminal.console.reset_color();
}

}  // namespace

rt::Result<void> tell_story(Engine& engine, model::Session& session, const Options& options, rt::Text prompt,
                            uint64_t seed, Record& record, const Terminal& terminal, uint64_t started, RowGate* gate) {
  const rt::Arena::Mark mark = engine.model.arena().mark();
  start_processors(engine, terminal);
  rt::Result<void> begun{};
  {
    Telling telling(engine, session, options, record, terminal, gate);
    begun = begin(engine, session, options, prompt, seed, record, terminal);
    if (begun) {
      telling.tell();
      end(telling, engine, session, record, terminal, started);
    }
  }
  engine.processors.stop();
  engine.model.arena().rewind(mark);
  return begun;
}

rt::Result<void> continue_story(Engine& engine, model::Session& session, const Options& options, Record& record,
                                const Terminal& terminal, RowGate* gate) {
  // The tokens of the prompt are gone from the arena.
  if (session.position() <= session.prompt_tokens())
    return rt::fail(rt::Errc::usage, 0, "the story ended within its prompt: /again tells it anew");
  if (session.ended_itself()) return rt::fail(rt::Errc::usage, 0, "the story came to its own end");
  if (session.filled_context()) return rt::fail(rt::Errc::usage, 0, "the story fills the model's context");
  start_processors(engine, terminal);
  session.extend(static_cast<uint32_t>(options.steps));
  {
    Telling telling(engine, session, options, record, terminal, gate);
    telling.tell();
    end(telling, engine, session, record, terminal, platform::Clock::ticks());
  }
  engine.processors.stop();
  return {};
}

}  // namespace boot
