#include "model/session.hpp"

namespace model {

rt::Result<void> Session::start(rt::Span<const Token> ids, uint32_t hidden, uint64_t steps) {
  const uint64_t context = ids_.count - 1;
  if (ids.empty()) return rt::fail(rt::Errc::usage, 0, "a text needs a token to go on from");
  if (ids.count > context)
    return rt::fail(rt::Errc::usage, ids.count, "the prompt has %'llu tokens, the context of this model holds %'llu",
                    static_cast<unsigned long long>(ids.count), static_cast<unsigned long long>(context));
  uint32_t alike = 0;
  while (alike < rt::min<uint64_t>(read_, ids.count) && ids_[alike] == ids[alike]) ++alike;
  if (alike < read_ || alike < ids.count) fresh_logits_ = false;
  reused_ = read_ = alike;
  rt::move_bytes(ids_.data, ids.data, ids.bytes());
  count_ = given_ = uint32_t(ids.count);
  shown_ = hidden_ = hidden;
  end_ = uint32_t(rt::min(hidden + (steps ? steps : context), ids_.count));
  ended_itself_ = ahead_ = false;
  return {};
}

rt::Result<void> Session::begin(rt::Span<const Token> ids, uint32_t limit, Next next) {
  next_ = next;
  return start(ids, uint32_t(rt::min<uint64_t>(ids.count, ~0u)), limit);
}

rt::Result<void> Session::read_ahead(rt::Span<const Token> ids) {
  const rt::Result<void> done = begin(ids, 0);
  ahead_ = true;
  return done;
}

rt::Result<void> Session::begin(rt::Text prompt, uint32_t steps, rt::Arena& arena) {
  const rt::Arena::Mark mark = arena.mark();
  rt::Result<rt::Span<Token>> tokens = tokenizer_->encode(prompt, arena);
  rt::Result<void> done{};
  if (!tokens) {
    done = tokens.error();
  } else {
    const uint32_t hidden = tokenizer_->adds_first() || tokens->count == 1;  // an empty text goes on from BOS
    next_ = Next::own_text;
    done = start(tokens->from(1 - hidden), hidden, steps);
  }
  arena.rewind(mark);
  return done;
}

void Session::extend(uint32_t steps) {
  const uint32_t room = uint32_t(ids_.count) - shown_;
  end_ = shown_ + (steps == 0 ? room : rt::min(steps, room));
}

Session::Event Session::advance(uint32_t most) {
  if (shown_ < rt::min(given_, end_)) {  // a prompt is shown before it is read
    ++shown_;
    return Event::token;
  }
  if (shown_ == end_ && !ahead_) return Event::end;
  // Whoever else used the transformer has written over a part of the cache, and over the logits.
  if (const uint32_t touched = transformer_->first_run(); touched != ~0u) {
    read_ = rt::min(read_, touched);
    reused_ = rt::min(reused_, read_);
    fresh_logits_ = false;
  }
  if (!fresh_logits_) {
    if (read_ == count_) reused_ = rt::min(reused_, --read_);  // the logits are gone
    const uint32_t n = rt::min(rt::min(most, kBatch), count_ - read_);
    const rt::Span<const Token> next = ids_.part(read_, n);
    const bool busy = read_ + n < count_;
    if (busy) transformer_->run(next, read_);
    else logits_ = transformer_->forward(next, read_);
    (void)transformer_->first_run();
    read_ += n;
    if (busy) return Event::busy;
    fresh_logits_ = true;
  }
  if (ahead_) return Event::end;
  fresh_logits_ = false;
  last_drawn_ = sampler_->sample(logits_, ids());
  if (tokenizer_->ends_text(last_drawn_)) {
    end_ = shown_;
    ended_itself_ = true;
    return Event::end;
  }
  ids_[count_++] = last_drawn_;
  shown_ = count_;
  return Event::token;
}

rt::Text Session::text() const {
  const bool begins = position() == 1 && next_ == Next::own_text;
  return tokenizer_->decode(begins ? tokenizer_->first() : ids_[shown_ - 2], token());
}

}  // namespace model
