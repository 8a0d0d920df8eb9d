#include "boot/story.hpp"

#include "boot/pace.hpp"
#include "boot/status_line.hpp"
#include "boot/story_writer.hpp"
#include "boot/tune.hpp"
#include "rt/math.hpp"

namespace boot {
namespace {

using platform::Color;

/// A token's colour by how sure the model was of it.
Color confidence_color(float probability) {
  if (probability < 0) return Color::light_gray;
  if (probability >= 0.8f) return Color::light_green;
  if (probability >= 0.5f) return Color::green;
  if (probability >= 0.2f) return Color::yellow;
  return probability >= 0.05f ? Color::brown : Color::light_red;
}

float surprise(float probability) {
  constexpr float kLog2 = 0.6931472f;
  return probability > 0 ? -rt::log(probability) / kLog2 : -1;
}

/// A story on its way to the console and into the record.
class Telling {
 public:
  Telling(Engine& engine, model::Session& session, const Options& options, Record& record, const Terminal& terminal,
          RowGate* gate)
      : engine_(engine), options_(options), record_(record), terminal_(terminal), session_(session),
        pace_(engine, terminal, options.threads != 0), status_(terminal.console),
        writer_(terminal.console, status_, gate) {}

  rt::Result<void> begin(rt::Text prompt, uint64_t seed) {
    const uint32_t steps = static_cast<uint32_t>(options_.steps);
    if (rt::Result<void> done = session_.begin(prompt, steps, engine_.model.arena()); !done) return done;
    engine_.model.sampler().set({options_.temperature, options_.topp, seed});
    record_.clear();
    record_.seed = seed;
    if (options_.temperature != 0)
      rt::print(terminal_.console, "seed      %llu\n", static_cast<unsigned long long>(seed));
    if (steps && steps < session_.prompt_tokens())
      rt::print(terminal_.console, "note: the prompt alone has %'u tokens, and steps is %'u: the story ends within it\n",
                session_.prompt_tokens(), steps);
    return {};
  }

  /// To the end of the story, or to the user's.
  void tell() {
    engine_.model.sampler().want_probability(options_.show == Show::confidence);
    terminal_.console.write("\n");
    record_.stopped = false;
    while (!record_.stopped) {
      const uint64_t before = platform::Clock::ticks();
      const model::Session::Event event = session_.advance();
      if (event == model::Session::Event::end) break;
      record_.stopped = terminal_.keyboard.stop_pressed();
      terminal_.clock.check();
      if (event == model::Session::Event::token) take(before);
      record_.stopped |= writer_.stopped();
    }
    writer_.finish();
    if (options_.ids && session_.ended_itself()) rt::print(terminal_.console, " %u", session_.last_drawn());
  }

  void print_figures(uint64_t started) {
    const platform::Clock& clock = terminal_.clock;
    const double seconds = clock.seconds(last_ - first_);
    const double rate = drawn_ > 1 && seconds > 0 ? (drawn_ - 1) / seconds : 0;
    status_.hide();
    terminal_.console.set_color(Color::green);
    rt::print(terminal_.console,
              "\n\n%'u token%s, %.1f tokens/s, first token after %.2f s, memory %'llu bytes\n",
              session_.position(), session_.position() == 1 ? "" : "s", rate,
              drawn_ ? clock.seconds(came_ - started) : clock.seconds_since(started),
              static_cast<unsigned long long>(platform::memory_count().peak));
    if (record_.stopped) terminal_.console.write("stopped\n");
    if (session_.filled_context())
      rt::print(terminal_.console, "the story fills the model's context of %'u tokens\n",
                engine_.model.transformer().context());
    terminal_.console.reset_color();
  }

 private:
  static constexpr uint64_t kFlush = 40;  // milliseconds between two calls of the console

  void take(uint64_t before) {
    Color color = Color::light_cyan;  // the prompt's
    if (session_.position() > session_.prompt_tokens()) {
      const uint64_t now = platform::Clock::ticks();
      const float probability = engine_.model.sampler().probability();
      pace_.token_took(now - before);
      record_.add_token(terminal_.clock.seconds(now - (drawn_ ? last_ : before)),
                        surprise(probability));
      if (drawn_++ == 0) came_ = first_ = status_shown_ = now;
      last_ = now;
      color = options_.show == Show::confidence ? confidence_color(probability) : Color::light_gray;
    }
    record_.add_text(session_.text());
    show(color);
    const uint64_t halted = writer_.take_halted();
    first_ += halted;
    last_ += halted;
    const uint64_t now = platform::Clock::ticks();
    if (now - flushed_ < terminal_.clock.milliseconds_to_ticks(kFlush)) return;
    flushed_ = now;
    writer_.flush();
    show_status();
  }

  void show(Color color) {
    if (options_.show == Show::nothing) return;
    if (options_.ids)
      rt::print(terminal_.console, session_.position() == 1 ? "%u" : " %u", session_.token());
    else
      writer_.write(session_.text(), color);
  }

  void show_status() {
    constexpr uint64_t kEvery = 500;  // milliseconds: a screen takes its time
    if (last_ - status_shown_ < terminal_.clock.milliseconds_to_ticks(kEvery)) return;
    status_shown_ = last_;
    const double seconds = terminal_.clock.seconds(last_ - first_);
    char text[120];
    status_.show(rt::print_to(
        {text, sizeof text}, "%'u tokens   %.1f tokens/s   position %'u of %'u   Esc stops",
        session_.position(), seconds > 0 ? (drawn_ - 1) / seconds : 0.0, session_.position(),
        engine_.model.transformer().context()));
  }

  Engine& engine_;
  const Options& options_;
  Record& record_;
  const Terminal& terminal_;
  model::Session& session_;
  Pace pace_;
  StatusLine status_;
  StoryWriter writer_;
  uint32_t drawn_ = 0;             // tokens that were not the prompt's
  uint64_t came_ = 0;              // when the first of them came
  uint64_t first_ = 0, last_ = 0;  // when the first and the latest came, had the user never let it wait
  uint64_t flushed_ = 0, status_shown_ = 0;
};

}  // namespace

rt::Result<void> tell_story(Engine& engine, model::Session& session, const Options& options, rt::Text prompt,
                            uint64_t seed, Record& record, const Terminal& terminal, uint64_t started, RowGate* gate) {
  const rt::Arena::Mark mark = engine.model.arena().mark();
  start_processors(engine, terminal);
  rt::Result<void> begun;
  {
    Telling telling(engine, session, options, record, terminal, gate);
    begun = telling.begin(prompt, seed);
    if (begun) {
      telling.tell();
      telling.print_figures(started);
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
    telling.print_figures(platform::Clock::ticks());
  }
  engine.processors.stop();
  return {};
}

}  // namespace boot
