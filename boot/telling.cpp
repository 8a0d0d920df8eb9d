#include "boot/telling.hpp"

#include "rt/math.hpp"

namespace boot {
namespace {

using platform::Color;

constexpr uint64_t kFlush = 40;  // milliseconds between two calls of the console

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

}  // namespace

Telling::Telling(Engine& engine, model::Session& session, const Options& options, Record& record,
                 const Terminal& terminal, RowGate* gate)
    : engine_(engine), options_(options), record_(record), terminal_(terminal), session_(session),
      pace_(engine, terminal, options.threads != 0), status_(terminal.console),
      writer_(terminal.console, status_, gate) {}

void Telling::tell(Taker* taker) {
  engine_.model.sampler().want_probability(options_.show == Show::confidence);
  terminal_.console.write("\n");
  record_.stopped = false;
  while (!record_.stopped) {
    const uint64_t before = platform::Clock::ticks();
    const model::Session::Event event = session_.advance();
    if (event == model::Session::Event::end) break;
    record_.stopped = terminal_.keyboard.stop_pressed();
    terminal_.clock.check();
    if (event == model::Session::Event::token) {
      if (taker && !taker->take(session_.token(), session_.text())) break;
      take(before);
    }
    record_.stopped |= writer_.stopped();
  }
  writer_.finish();
  if (options_.ids && session_.ended_itself()) rt::print(terminal_.console, " %u", session_.last_drawn());
}

void Telling::print_figures(uint32_t tokens, uint64_t started) {
  const platform::Clock& clock = terminal_.clock;
  const double seconds = clock.seconds(last_ - first_);
  const double rate = drawn_ > 1 && seconds > 0 ? (drawn_ - 1) / seconds : 0;
  status_.hide();
  terminal_.console.set_color(Color::green);
  rt::print(terminal_.console, "\n\n%'u token%s, %.1f tokens/s, first token after %.2f s", tokens,
            tokens == 1 ? "" : "s", rate, drawn_ ? clock.seconds(came_ - started) : clock.seconds_since(started));
}

void Telling::take(uint64_t before) {
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

void Telling::show(Color color) {
  if (options_.show == Show::nothing) return;
  if (options_.ids)
    rt::print(terminal_.console, session_.position() == 1 ? "%u" : " %u", session_.token());
  else
    writer_.write(session_.text(), color);
}

void Telling::show_status() {
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

}  // namespace boot
