#include "tests/host/chat.hpp"

#include <chrono>
#include <cstdio>

#include "model/chat/transcript.hpp"
#include "tests/host/ids.hpp"

namespace test {
namespace {

/// What is left for an answer at least.
uint32_t room(const boot::Options& options, uint32_t context) {
  const uint32_t quarter = context / 4;
  return options.steps ? rt::min(quarter, uint32_t(options.steps)) : quarter;
}

rt::Span<const model::Token> render(model::Conversation& conversation, const boot::Options& options, Engine& engine) {
  const rt::Span<const model::Token> ids =
      need(conversation.render(room(options, engine.engine.context()), engine.session_arena()));
  if (const uint32_t dropped = conversation.take_dropped())
    std::fprintf(stderr, "the context is full: the oldest %u turns are forgotten\n", dropped);
  return ids;
}

}  // namespace

model::Conversation make_conversation(const boot::Options& options, Engine& engine) {
  const model::ChatTemplate chat =
      need(model::choose_template(options.chat_template, engine.engine.info().chat_template));
  if (!chat)
    throw std::runtime_error("this model's file has no chat template that is known; --template NAME gives it one");
  model::Conversation conversation = need(
      model::Conversation::create(chat, engine.tokenizer(), engine.engine.context(), engine.session_arena()));
  need(conversation.set_system(options.system));
  return conversation;
}

void answer(model::Conversation& conversation, const boot::Options& options, Engine& engine) {
  using Clock = std::chrono::steady_clock;
  model::Session& session = *engine.session;
  const Clock::time_point start = Clock::now();
  need(session.begin(render(conversation, options, engine), uint32_t(options.steps)));
  Clock::time_point first = start;
  for (model::Session::Event event; (event = session.advance()) != model::Session::Event::end;) {
    if (event == model::Session::Event::busy) continue;
    if (session.position() == 1) first = Clock::now();
    const rt::Text text = session.text();
    std::fwrite(text.data, 1, text.size, stdout);
    std::fflush(stdout);
    if (!conversation.take(session.token(), text)) break;
  }
  conversation.end_answer(engine.session_arena());
  std::printf("\n");
  std::fflush(stdout);
  const std::chrono::duration<double> wait = first - start, rest = Clock::now() - first;
  std::fprintf(stderr, "read %u of %u tokens, the first after %.3f s, %.1f tokens/s\n", session.read(), session.given(),
               wait.count(), session.position() > 1 ? (session.position() - 1) / rest.count() : 0.0);
}

void chat(std::istream& questions, const boot::Options& options, Engine& engine) {
  model::Conversation conversation = make_conversation(options, engine);
  engine.sampler().set(options.sampling());
  for (std::string line; std::getline(questions, line);) {
    need(conversation.ask({line.data(), line.size()}));
    answer(conversation, options, engine);
  }
}

void answer_file(const std::string& path, const std::string& contents, const boot::Options& options, Engine& engine) {
  model::Conversation conversation = make_conversation(options, engine);
  engine.sampler().set(options.sampling());
  rt::Arena& arena = engine.session_arena();
  const rt::Arena::Mark mark = arena.mark();
  const rt::Span<model::Turn> turns = need(model::parse_transcript(
      {path.data(), path.size()}, {contents.data(), contents.size()}, arena));
  need(conversation.load(turns));
  if (!options.system.empty()) need(conversation.set_system(options.system));
  arena.rewind(mark);
  if (options.ids) return print_ids(render(conversation, options, engine));
  answer(conversation, options, engine);
}

}  // namespace test
