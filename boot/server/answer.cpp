// The answer that is being made: from the queue to its last byte.
#include "boot/server/server.hpp"
#include "rt/memory.hpp"
#include "rt/utf.hpp"

namespace server {
namespace {

/// A piece of what a model says. A vocabulary with longer pieces loses their ends.
class Piece final : public rt::Sink {
 public:
  static constexpr uint32_t kBytes = 640;

  void write(rt::Text text) override {
    if (text.size > kBytes - size_) return;
    rt::copy_bytes(bytes_ + size_, text.data, text.size);
    size_ += text.size;
  }
  rt::Text text() const { return {bytes_, size_}; }

 private:
  uint64_t size_ = 0;
  char bytes_[kBytes];
};

/// What goes into a string.
class Escaper final : public rt::Sink {
 public:
  explicit Escaper(rt::Sink& out) : out_(out) {}
  void write(rt::Text text) override { json::write_escaped(out_, text); }

 private:
  rt::Sink& out_;
};

// Of an outbox: the worst piece, all of it escaped; and what ends an answer, with a usage.
constexpr uint64_t kRoomForPiece = Piece::kBytes * 6 + 512, kRoomForEnd = 1024;

}  // namespace

static_assert(kRoomForPiece + kRoomForEnd < Outbox::kBytes - Server::kGather);

void Server::begin_chunk(Slot& slot) {
  if (!slot.chunked) return;
  chunk_ = slot.out.reserve(4);
  slot.out.write("\r\n");
}

void Server::end_chunk(Slot& slot) {
  if (!slot.chunked) return;
  slot.out.fill_in(chunk_, 4, slot.out.end() - chunk_ - 6, 16);
  slot.out.write("\r\n");
}

/// What every object of an answer begins with.
void Server::say_head(Slot& slot) {
  const Job& job = slot.job;
  if (job.stream) slot.out.write("data: ");
  rt::print(slot.out, "{\"id\":\"%s-%llu\",\"object\":\"%s\",\"created\":%llu,\"model\":\"",
            job.chat ? "chatcmpl" : "cmpl", static_cast<unsigned long long>(answers_),
            !job.chat    ? "text_completion"
            : job.stream ? "chat.completion.chunk"
                         : "chat.completion",
            static_cast<unsigned long long>(settings_.epoch + (settings_.epoch ? now_ / 1000 : 0)));
  Escaper escaper(slot.out);
  escaper.write(rt::clip(answerer_.name(), 64));
  slot.out.write("\",\"choices\":[");
}

void Server::start(Slot& slot) {
  rt::Result<void> begun = answerer_.begin(slot.job);
  if (!begun) return refuse(slot, 400, begun.error().text);
  current_ = &slot;
  ++answers_;
  answer_began_ = now_;
  first_piece_ = true;
  filter_.begin(slot.job);
  begin_response(slot, 200, slot.job.stream ? "text/event-stream; charset=utf-8" : "application/json", true);
  enter(slot, State::answering);
  if (slot.job.stream && !slot.job.chat) return;
  begin_chunk(slot);
  say_head(slot);
  slot.out.write(slot.job.stream
                     ? "{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"},\"finish_reason\":null}]}\n\n"
                 : slot.job.chat ? "{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":\""
                                 : "{\"index\":0,\"text\":\"");
  end_chunk(slot);
}

void Server::say(Slot& slot, const rt::Text& text) {
  if (text.empty()) return;
  if (first_piece_) metrics.first_milliseconds += now_ - answer_began_;
  first_piece_ = false;
  begin_chunk(slot);
  if (slot.job.stream) {
    say_head(slot);
    slot.out.write(slot.job.chat ? "{\"index\":0,\"delta\":{\"content\":\"" : "{\"index\":0,\"text\":\"");
  }
  json::write_escaped(slot.out, text);
  if (slot.job.stream)
    slot.out.write(slot.job.chat ? "\"},\"finish_reason\":null}]}\n\n"
                                 : "\",\"logprobs\":null,\"finish_reason\":null}]}\n\n");
  end_chunk(slot);
}

void Server::say_usage(Slot& slot) {
  const Answerer::Usage usage = answerer_.usage();
  rt::print(slot.out,
            "\"usage\":{\"prompt_tokens\":%u,\"completion_tokens\":%u,\"total_tokens\":%u,"
            "\"prompt_tokens_details\":{\"cached_tokens\":%u}}}",
            usage.prompt, usage.drawn, usage.prompt + usage.drawn, usage.cached);
}

/// The answer is complete: `why` says what it ended with.
void Server::end_answer(const char* why) {
  Slot& slot = *current_;
  Outbox& out = slot.out;
  begin_chunk(slot);
  if (slot.job.stream) {
    say_head(slot);
    rt::print(out, slot.job.chat ? "{\"index\":0,\"delta\":{},\"finish_reason\":\"%s\"}]}\n\n"
                                 : "{\"index\":0,\"text\":\"\",\"logprobs\":null,\"finish_reason\":\"%s\"}]}\n\n",
              why);
    if (slot.job.include_usage) {
      say_head(slot);
      out.write("],");
      say_usage(slot);
      out.write("\n\n");
    }
    out.write("data: [DONE]\n\n");
  } else {
    rt::print(out, slot.job.chat ? "\"},\"logprobs\":null,\"finish_reason\":\"%s\"}],"
                                 : "\",\"logprobs\":null,\"finish_reason\":\"%s\"}],",
              why);
    say_usage(slot);
  }
  end_chunk(slot);
  if (slot.chunked) out.write("0\r\n\r\n");

  const Answerer::Usage usage = answerer_.usage();
  const uint64_t took = now_ - answer_began_;
  ++metrics.answers;
  metrics.prompt_tokens += usage.prompt;
  metrics.cached_tokens += usage.cached;
  metrics.drawn_tokens += usage.drawn;
  metrics.answer_milliseconds += took;
  char text[80];
  report(slot, rt::print_to({text, sizeof text}, ", %'u (%'u known) + %'u tokens in %.1f s", usage.prompt, usage.cached,
                            usage.drawn, double(int64_t(took)) / 1000).data);
  release(slot);
  end_response(slot, 0);
}

void Server::step(uint64_t now) {
  now_ = now;
  if (!current_) {
    Slot* next = nullptr;
    for (Slot& slot : slots_)
      if (slot.state == State::queued && (!next || slot.ticket < next->ticket)) next = &slot;
    if (next) start(*next);
    return;
  }
  Slot& slot = *current_;
  if (slot.out.room() < kRoomForPiece + kRoomForEnd) return;  // the client is slower than the model
  const Answerer::Event event = answerer_.advance();
  if (event == Answerer::Event::busy) return;
  Piece piece;
  bool stopped = false;
  if (event == Answerer::Event::text) stopped = filter_.feed(answerer_.text(), piece);
  else filter_.finish(piece);
  say(slot, piece.text());
  if (stopped) end_answer("stop");
  else if (event == Answerer::Event::end) end_answer(answerer_.ended_itself() ? "stop" : "length");
}

void Server::stop_answer(uint64_t now) {
  now_ = now;
  if (current_) end_answer("stop");
}

}  // namespace server
