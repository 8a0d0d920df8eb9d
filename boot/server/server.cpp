// Connections: from the first byte of a request to the last of its answer.
#include "boot/server/server.hpp"

#include "rt/memory.hpp"

namespace server {

uint64_t Server::bytes_needed(const Settings& settings) {
  return settings.connections * sizeof(Slot) + uint64_t{kRooms} * (http::kBodyBytes + 1);
}

Server::Server(const Settings& settings, Answerer& answerer, rt::Sink& log, rt::Span<uint8_t> memory)
    : settings_(settings), answerer_(answerer), log_(log),
      slots_{reinterpret_cast<Slot*>(memory.data), settings.connections} {
  for (Slot& slot : slots_) (new (rt::Placement{&slot}) Slot)->state = State::free;
  for (uint32_t i = 0; i < kRooms; ++i)
    rooms_[i] = reinterpret_cast<char*>(slots_.end()) + uint64_t{i} * (http::kBodyBytes + 1);
}

uint32_t Server::connections() const {
  uint32_t n = 0;
  for (const Slot& slot : slots_) n += slot.state != State::free;
  return n;
}

void Server::accept(Wire& wire, uint64_t now) {
  now_ = now;
  for (Slot& slot : slots_)
    if (slot.state == State::free) {
      slot.wire = &wire;
      slot.waits_since = now;  // its answer may begin before anybody looks at the outbox
      slot.room = -1;
      slot.out.clear();
      enter(slot, State::head);
      slot.used = slot.seen = 0;
      slot.body = slot.in;
      return;
    }
  wire.reset();
}

void Server::enter(Slot& slot, State state) {
  if (slot.state == State::queued) --queued_;
  if (state == State::queued) ++queued_;
  slot.state = state;
  slot.since = now_;
}

void Server::poll(uint64_t now) {
  if (!began_) began_ = now;
  now_ = now;
  metrics.up_milliseconds = now - began_;
  for (Slot& slot : slots_)
    if (slot.state != State::free) pump(slot);
}

/// Gives back what a request had; the wire is another matter.
void Server::release(Slot& slot) {
  if (slot.room >= 0) room_used_[slot.room] = false;
  slot.room = -1;
  slot.body = slot.in;
  if (&slot != current_) return;
  answerer_.finish();
  current_ = nullptr;
}

/// The client is gone, or was too slow for us.
void Server::drop(Slot& slot) {
  if (slot.state == State::queued || slot.state == State::answering) {
    ++metrics.abandoned;
    report(slot, ", the client left");
  }
  release(slot);
  enter(slot, State::free);
  slot.wire->reset();
}

void Server::pump(Slot& slot) {
  if (slot.wire->failed()) return drop(slot);
  switch (slot.state) {
    case State::head: read_head(slot); break;
    case State::body: read_body(slot); break;
    case State::queued:
    case State::answering: notice_client(slot); break;
    default: break;
  }
  if (slot.state == State::free) return;
  // A whole answer is sent in few pieces.
  const bool gathers = slot.state == State::answering && !slot.job.stream && slot.out.waiting() < kGather;
  if (!gathers) slot.out.flush(*slot.wire);
  if (!slot.out.waiting() || gathers) slot.waits_since = now_;
  else if (now_ - slot.waits_since > settings_.patience.send) return drop(slot);
  if (slot.out.waiting()) return;
  if (slot.state == State::sending) return after_sending(slot);
  if (slot.state != State::draining) return;
  uint8_t unwanted[512];
  for (int i = 0; i < 64 && slot.wire->read({unwanted, sizeof unwanted}); ++i) {}
  if (!slot.wire->ended() && now_ - slot.since < settings_.patience.drain) return;
  enter(slot, State::free);
  slot.wire->close();
}

void Server::after_sending(Slot& slot) {
  const bool keep = slot.keep, more = slot.extra && !slot.wire->ended();
  release(slot);
  if (keep) {
    slot.used = slot.seen = 0;
    return enter(slot, State::head);
  }
  // A connection that is closed while bytes come is reset, and the client would not see our answer.
  enter(slot, more ? State::draining : State::free);
  if (!more) slot.wire->close();
}

/// Reads to the end of the room that a head or a body has.
void Server::read(Slot& slot) {
  const uint64_t room = slot.state == State::head ? kInBytes : slot.request.body_bytes;
  while (slot.used < room) {
    const uint64_t n = slot.wire->read({reinterpret_cast<uint8_t*>(slot.body) + slot.used, room - slot.used});
    if (!n) return;
    slot.used += n;
  }
}

void Server::read_head(Slot& slot) {
  const bool idle = slot.used == 0;
  read(slot);
  if (idle && slot.used) slot.since = now_;
  // An empty line in front of a request is passed over, as RFC 9112 says in section 2.2.
  uint64_t empty = 0;
  while (rt::Text(slot.in + empty, slot.used - empty).starts_with("\r\n")) empty += 2;
  if (empty) rt::move_bytes(slot.in, slot.in + empty, slot.used -= empty);
  const rt::Text bytes{slot.in, slot.used};
  const uint64_t end = http::find_head_end(bytes.part(0, rt::min<uint64_t>(bytes.size, http::kHeadBytes)), slot.seen);
  slot.seen = rt::min<uint64_t>(slot.used, http::kHeadBytes);
  slot.head_only = slot.keep = slot.extra = false;
  slot.route = nullptr;
  if (end) {
    const uint16_t refused = http::read_head(bytes.part(0, end), slot.request);
    // Where this request ends is not known any more, or it is of no use to know.
    if (refused) {
      slot.extra = true;
      return refuse(slot, refused, http::reason(refused));
    }
    slot.keep = slot.request.keep_alive;
    return dispatch(slot, end);
  }
  slot.request.method = http::Method::other;
  slot.extra = slot.used;
  if (slot.used >= http::kHeadBytes) return refuse(slot, 431, http::reason(431));
  if (slot.wire->ended()) return drop(slot);
  const Patience& patience = settings_.patience;
  uint32_t limit = slot.used ? patience.head : patience.idle;
  if (connections() == slots_.count) limit = rt::min(limit, patience.crowded);
  if (now_ - slot.since <= limit) return;
  if (slot.used) return refuse(slot, 408, "the head of the request took too long");
  enter(slot, State::free);
  slot.wire->close();
}

void Server::read_body(Slot& slot) {
  read(slot);
  if (slot.used < slot.request.body_bytes) {
    if (slot.wire->ended()) return drop(slot);
    if (now_ - slot.since <= settings_.patience.body) return;
    slot.extra = true;
    return refuse(slot, 408, "the body of the request took too long");
  }
  slot.body[slot.used] = 0;
  (this->*slot.route->handler)(slot);
}

/// While a client waits it has nothing to say: what it says makes this its last request, and its goodbye ends it.
void Server::notice_client(Slot& slot) {
  uint8_t unwanted[512];
  for (int i = 0; i < 64 && slot.wire->read({unwanted, sizeof unwanted}); ++i) slot.extra = true;
  if (slot.extra) slot.keep = false;
  if (slot.wire->ended()) drop(slot);
}

void Server::close() {
  for (Slot& slot : slots_)
    if (slot.state != State::free) {
      release(slot);
      enter(slot, State::free);
      slot.wire->reset();
    }
}

}  // namespace server
