#include "boot/chat.hpp"

#include "boot/commands.hpp"
#include "boot/telling.hpp"
#include "boot/tune.hpp"
#include "model/chat/transcript.hpp"

namespace boot {

using model::Role;
using model::Turn;

rt::Text Chat::system() const {
  const rt::Span<const Turn> all = turns();
  return !all.empty() && all[0].role == Role::system ? all[0].text : template_.default_system;
}

rt::Result<void> Chat::require() const {
  if (template_) return {};
  return rt::fail(rt::Errc::usage, 0, "this model does not chat; /set template chatml makes it try");
}

/// Keeps what the conversation is now, for restore().
rt::Result<void> Chat::remember() {
  kept_.cut(0);
  GrowingSink sink(kept_);
  model::print_transcript(sink, turns());
  return sink.done;
}

/// The conversation is the one in `text` then.
rt::Result<void> Chat::restore(const rt::Text& file, rt::Text text) {
  platform::PageBlocks pages(platform::MemoryUse::buffer, "the conversation");
  rt::Arena arena(pages);
  rt::Result<rt::Span<Turn>> all = model::parse_transcript(file, text, arena);
  if (!all) return all.error();
  return talk_.load(*all);
}

void Chat::leave_model() {
  close();
  if (!remember()) kept_.cut(0);
}

void Chat::take_model() {
  cut_ = made_ = false;
  template_ = {};
  talk_ = {};
  changed();
  if (!c_.model.engine()) return;
  rt::Result<void> done = follow_options();
  // With what the system said, which is what the options say.
  if (done && template_ && !kept_.text().empty()) done = restore("the conversation", kept_.text());
  if (!done) rt::print(c_.terminal.console, "note: %s\n", done.error().text);
  if (done && !template_ && c_.options.chat_template.empty() && !c_.model.engine()->model.info().chat_template.empty())
    c_.terminal.console.write("note: the model's chat template is not known here: what is typed begins a story\n");
  print_head();
}

void Chat::print_head() const {
  if (!template_) return;
  rt::print(c_.terminal.console, "chat      template %s, context of %'u tokens\n", template_.family->name,
            c_.model.engine()->model.context());
}

rt::Result<void> Chat::follow_options() {
  model::Engine& engine = c_.model.engine()->model;
  rt::Result<model::ChatTemplate> chosen =
      model::choose_template(c_.options.chat_template, engine.info().chat_template);
  if (!chosen) return chosen.error();
  if (*chosen && !made_) {
    rt::Result<model::Conversation> made =
        model::Conversation::create(*chosen, engine.tokenizer(), engine.context(), engine.arena());
    if (!made) return made.error();
    talk_ = *made;
    made_ = true;
  }
  if (made_ && chosen->family != template_.family) {
    close();
    talk_.set_template(*chosen);
  }
  template_ = *chosen;
  changed();
  const rt::Text now = !turns().empty() && turns()[0].role == Role::system ? turns()[0].text : rt::Text();
  if (!template_ || now == c_.options.system) return {};
  close();
  return talk_.set_system(c_.options.system);
}

/// What was said last is complete.
void Chat::close() {
  if (cut_) talk_.end_answer(c_.model.engine()->model.arena());
  cut_ = false;
}

void Chat::lost() {
  close();
  changed();
}

rt::Result<void> Chat::ask(rt::Text question, uint64_t seed, uint64_t started) {
  if (rt::Result<void> done = require(); !done) return done;
  if (rt::Result<void> done = remember(); !done) return done;
  close();
  rt::Result<void> done = talk_.ask(question);
  if (done) done = answer(seed, started);
  if (!done) (void)restore("the conversation", kept_.text());
  return done;
}

rt::Result<void> Chat::answer_again(uint64_t seed) {
  if (rt::Result<void> done = require(); !done) return done;
  if (turns().empty() || turns()[turns().count - 1].role == Role::system)
    return rt::fail(rt::Errc::usage, 0, "there is no question to answer again");
  close();
  if (turns()[turns().count - 1].role == Role::assistant) (void)talk_.drop_answer();
  return answer(seed, platform::Clock::ticks());
}

/// Answers the last question.
rt::Result<void> Chat::answer(uint64_t seed, uint64_t started) {
  Engine& engine = *c_.model.engine();
  constexpr uint32_t kUsual = 256;  // tokens of an answer
  const uint32_t steps = uint32_t(c_.options.steps), context = engine.model.context();
  const uint32_t room = rt::min(steps ? rt::min(steps, kUsual) : kUsual, context / 4);
  rt::Result<rt::Span<const model::Token>> ids = talk_.render(room, engine.model.arena());
  if (!ids) return ids.error();
  if (rt::Result<void> done = engine.model.session().begin(*ids, steps); !done) return done;
  if (const uint32_t dropped = talk_.take_dropped())
    rt::print(c_.terminal.console,
              "note: the context is full: the oldest %u turns are forgotten, the others read again\n", dropped);
  model::Sampling sampling = c_.options.sampling();
  sampling.seed = seed_ = seed;
  engine.model.sampler().set(sampling);
  c_.record.clear();
  c_.record.seed = seed;
  return tell(started);
}

rt::Result<void> Chat::go_on() {
  if (rt::Result<void> done = require(); !done) return done;
  if (!cut_) return rt::fail(rt::Errc::usage, 0, "there is no answer to go on with");
  c_.model.engine()->model.session().extend(uint32_t(c_.options.steps));
  return tell(platform::Clock::ticks());
}

/// Lets the session go on to the end of the answer, or the user's, and says how it went.
rt::Result<void> Chat::tell(uint64_t started) {
  Engine& engine = *c_.model.engine();
  model::Session& session = engine.model.session();
  const Record& record = c_.record;
  platform::Console& console = c_.terminal.console;
  const bool goes_on = cut_;
  reading_ = Reading::not_begun;
  start_processors(engine, c_.terminal);
  {
    Telling telling(engine, session, c_.options, c_.record, c_.terminal, c_.pager());
    telling.tell(this);
    telling.print_figures(session.position(), started);
  }
  engine.processors.stop();
  if (!goes_on) rt::print(console, ", %'u read, %'u kept", session.read(), session.reused());
  if (c_.options.temperature != 0) rt::print(console, ", seed %llu", static_cast<unsigned long long>(seed_));
  console.write("\n");
  cut_ = !session.ended_itself();
  if (record.stopped)
    console.write("stopped\n");
  else if (cut_ && session.filled_context())
    rt::print(console, "the conversation fills the context of %'u tokens\n", engine.model.context());
  else if (cut_)
    console.write("the answer has as many tokens as steps allows: /continue goes on\n");
  console.reset_color();
  if (!cut_ || session.filled_context() || session.position() == 0) {
    cut_ = true;
    close();
  }
  return c_.output.add({record.text, record.bytes}, c_.options.output);
}

void Chat::clear() {
  close();
  changed();
  talk_.clear();
}

uint32_t Chat::tokens() {
  if (!cut_ && reading_ == Reading::not_begun) (void)begin_reading();
  return uint32_t(c_.model.engine()->model.session().ids().count);
}

rt::Result<void> Chat::read(rt::Text file, rt::Text text) {
  if (rt::Result<void> done = remember(); !done) return done;
  const rt::Result<void> done = restore(file, text);
  if (!done) {
    (void)restore("the conversation", kept_.text());
    return done;
  }
  cut_ = false;
  changed();
  const rt::Span<const Turn> all = turns();
  const OptionSet set = all_options(c_.options);
  return set.set(*set.find("system"), !all.empty() && all[0].role == Role::system ? all[0].text : rt::Text());
}

/// Gives the session what will be in front of the next question.
bool Chat::begin_reading() {
  model::Engine& engine = c_.model.engine()->model;
  reading_ = Reading::done;
  const rt::Span<const model::Token> ids = talk_.foreseen(engine.arena());
  if (ids.empty() || !engine.session().read_ahead(ids)) return false;
  reading_ = Reading::begun;
  return true;
}

bool Chat::step() {
  if (!on() || cut_ || reading_ == Reading::done) return false;
  if (reading_ == Reading::not_begun && !begin_reading()) return false;
  Engine& engine = *c_.model.engine();
  start_processors(engine, c_.terminal);
  constexpr uint64_t kShort = 40;  // milliseconds, after which nobody minds that a key was not taken at once
  const uint64_t before = platform::Clock::ticks();
  const bool busy = engine.model.session().advance(at_once_) == model::Session::Event::busy;
  const bool quick = platform::Clock::ticks() - before < c_.terminal.clock.milliseconds_to_ticks(kShort);
  at_once_ = quick ? rt::min(2 * at_once_, model::kBatch) : 1;
  if (busy) return true;
  reading_ = Reading::done;
  engine.processors.stop();
  return false;
}

}  // namespace boot
