#include "model/session.hpp"

namespace model {

rt::Result<void> Session::begin(rt::Text prompt, uint32_t steps, rt::Arena& arena) {
  const uint32_t context = transformer_.context();
  rt::Result<rt::Span<Token>> tokens = tokenizer_.encode(prompt, arena);
  if (!tokens) return tokens.error();
  if (tokens->count > context)
    return rt::fail(rt::Errc::usage, tokens->count,
                    "the prompt has %'llu tokens, the context of this model holds %'u",
                    static_cast<unsigned long long>(tokens->count), context);
  hidden_ = tokenizer_.adds_first() || tokens->count == 1;  // an empty text needs a token to go on from
  prompt_ = tokens->from(1 - hidden_);
  steps_ = steps == 0 || steps > context ? context : steps;
  read_ = position_ = 0;
  ended_itself_ = false;
  previous_ = token_ = tokenizer_.first();
  return {};
}

void Session::extend(uint32_t steps) {
  const uint32_t room = transformer_.context() - position_;
  steps_ = position_ + (steps == 0 ? room : rt::min(steps, room));
}

Session::Event Session::advance() {
  if (position_ == steps_) return Event::end;
  if (position_ + hidden_ < prompt_.count) {  // the prompt is shown before it is read
    emit(prompt_[position_ + hidden_]);
    return Event::token;
  }
  if (read_ < prompt_.count) {
    const uint32_t n = uint32_t(rt::min<uint64_t>(kBatch, prompt_.count - read_));
    logits_ = transformer_.forward(prompt_.part(read_, n), read_);
    read_ += n;
    if (read_ < prompt_.count) return Event::busy;
  } else {
    logits_ = transformer_.forward({&token_, 1}, read_++);
  }
  last_drawn_ = sampler_.sample(logits_);
  if (tokenizer_.ends_text(last_drawn_)) {
    steps_ = position_;
    ended_itself_ = true;
    return Event::end;
  }
  emit(last_drawn_);
  return Event::token;
}

void Session::emit(Token token) {
  previous_ = token_;
  token_ = token;
  ++position_;
}

}  // namespace model
