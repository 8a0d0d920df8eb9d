#include "boot/server/model_answerer.hpp"

#include "rt/memory.hpp"

namespace server {

/// The tokens of a job, in memory from the engine's arena.
rt::Result<rt::Span<model::Token>> ModelAnswerer::encode(const Job& job) {
  const model::Tokenizer& tokenizer = engine_.tokenizer();
  rt::Arena& arena = engine_.arena();
  if (!job.chat) {
    rt::Result<rt::Span<model::Token>> ids = tokenizer.encode(take_text(job), arena);
    if (!ids || tokenizer.adds_first() || ids->count == 1) return ids;
    return ids->from(1);
  }
  rt::Result<rt::Span<model::Turn>> turns = arena.make_raw<model::Turn>(job.turns);
  if (!turns) return turns.error();
  take_turns(job, turns->data);
  rt::Result<rt::Span<model::TextPart>> parts = model::render(chat_, *turns, 0, model::Next::answer, arena);
  if (!parts) return parts.error();
  rt::Result<rt::Span<model::Token>> ids = tokenizer.encode(*parts, arena);
  if (!ids || !tokenizer.adds_first() || (ids->count && (*ids)[0] == tokenizer.first())) return ids;
  rt::Result<rt::Span<model::Token>> all = arena.make_raw<model::Token>(ids->count + 1);
  if (!all) return all;
  (*all)[0] = tokenizer.first();
  rt::copy_bytes(all->data + 1, ids->data, ids->bytes());
  return all;
}

rt::Result<void> ModelAnswerer::begin(const Job& job) {
  const rt::Arena::Mark mark = engine_.arena().mark();
  rt::Result<rt::Span<model::Token>> ids = encode(job);
  rt::Result<void> done{};
  if (!ids) done = ids.error();
  else done = engine_.session().begin(*ids, uint32_t(job.limit),
                                      job.chat ? model::Session::Next::own_text : model::Session::Next::more);
  engine_.arena().rewind(mark);
  if (!done) return done;
  model::Sampling sampling = job.sampling;
  sampling.seed = job.seed_given ? job.seed : entropy_();
  engine_.sampler().set(sampling);
  engine_.sampler().want_probability(false);
  return {};
}

Answerer::Event ModelAnswerer::advance() {
  switch (engine_.session().advance()) {
    case model::Session::Event::busy: return Event::busy;
    case model::Session::Event::token: return Event::text;
    default: return Event::end;
  }
}

Answerer::Usage ModelAnswerer::usage() const {
  const model::Session& session = engine_.session();
  return {session.given(), session.reused(), session.position()};
}

}  // namespace server
