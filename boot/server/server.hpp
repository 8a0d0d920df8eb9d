#pragma once
#include "boot/server/answerer.hpp"
#include "boot/server/http.hpp"
#include "boot/server/metrics.hpp"
#include "boot/server/outbox.hpp"
#include "boot/server/text_filter.hpp"
#include "rt/arena.hpp"

namespace server {

/// How long a client may take, in milliseconds.
struct Patience {
  uint32_t head = 10'000;   // for the head of a request, from its first byte
  uint32_t idle = 60'000;   // between two requests
  uint32_t body = 30'000;
  uint32_t send = 30'000;   // to take what is in the outbox
  uint32_t drain = 1'000;   // to stop sending what we do not want
  uint32_t crowded = 1'000; // in place of head and idle, while all connections are in use
};

struct Settings {
  rt::Text api_key;    // what clients must bring; empty: nothing
  rt::Text cors;       // whose pages may ask: an origin, or *; empty: only our own
  uint32_t queue = 4;  // requests that wait for the one being answered
  uint32_t connections = 24;
  uint64_t epoch = 0;  // the second since 1970 in which `now` was 0; 0: not known
  Patience patience;
};

/// The server: HTTP/1.1 on wires that somebody else brings, an API as OpenAI's, one answer at a time. Nothing waits and
/// nothing is allocated: who runs it calls poll() often, and step() while there is an answer to be made.
class Server {
 public:
  /// `memory`: bytes_needed(settings) bytes. What the settings name, `answerer` and `log` must outlive it; `log` gets a
  /// line for each request but those that only look after our health.
  static uint64_t bytes_needed(const Settings& settings);
  Server(const Settings& settings, Answerer& answerer, rt::Sink& log, rt::Span<uint8_t> memory);
  Server(const Server&) = delete;

  /// Takes over a wire; without room it is reset.
  void accept(Wire& wire, uint64_t now);
  /// Does all that needs no model. `now`: milliseconds from any beginning.
  void poll(uint64_t now);
  /// True: step() has something to do.
  bool busy() const { return current_ || queued_; }
  bool answering() const { return current_; }
  /// Goes on with an answer, by at most one call of the model.
  void step(uint64_t now);
  /// Ends the answer that is being made: the client gets what there is, as a whole answer.
  void stop_answer(uint64_t now);
  /// Ends everything.
  void close();

  uint32_t connections() const;
  Metrics metrics;

  static constexpr uint32_t kGather = 2048;  // bytes of a whole answer that are sent together

 private:
  static constexpr uint32_t kInBytes = 32 * 1024;  // the head with a part of the body; then a body that fits
  static constexpr uint32_t kRooms = 2;            // for larger bodies, at a time


  enum class State : uint8_t { free, head, body, queued, answering, sending, draining };
  struct Route;
  struct Slot {
    Wire* wire;
    State state;
    bool keep, head_only, chunked, extra;  // extra: more came than belongs to the request
    uint16_t status;
    const Route* route;
    uint64_t since;        // when this state began
    uint64_t waits_since;  // when the outbox last was empty
    uint64_t ticket;       // in the queue
    http::Request request;
    Job job;
    char* body;           // `in`, or a room
    uint64_t used, seen;  // bytes in `body`; of a head, those that were looked at
    int room;             // its number, or -1
    Outbox out;
    char in[kInBytes + 1];
  };
  static const Route kRoutes[];

  void pump(Slot& slot);
  void enter(Slot& slot, State state);
  void read(Slot& slot);
  void read_head(Slot& slot);
  void read_body(Slot& slot);
  void notice_client(Slot& slot);
  void release(Slot& slot);
  void drop(Slot& slot);
  void after_sending(Slot& slot);

  // Answers
  using Handler = void (Server::*)(Slot&);
  struct Route {
    const char* path;
    uint8_t methods;  // bits by http::Method
    bool guarded;     // wants the key
    bool quiet;       // not worth a line
    Handler handler;
  };
  void dispatch(Slot& slot, uint64_t head);
  bool has_key(const Slot& slot) const;
  uint64_t begin_response(Slot& slot, uint16_t status, const char* type, bool chunks = false);
  void end_response(Slot& slot, uint64_t length_at, const rt::Text& tail = {});
  void refuse(Slot& slot, uint16_t status, const rt::Text& text);
  void send_page(Slot& slot);
  void send_health(Slot& slot);
  void send_metrics(Slot& slot);
  void send_models(Slot& slot);
  void send_options(Slot& slot);
  void take_job(Slot& slot);
  void report(Slot& slot, const char* after);

  // The answer that is being made
  void start(Slot& slot);
  void say_head(Slot& slot);
  void say(Slot& slot, const rt::Text& text);
  void end_answer(const char* why);
  void begin_chunk(Slot& slot);
  void end_chunk(Slot& slot);
  void say_usage(Slot& slot);

  const Settings& settings_;
  Answerer& answerer_;
  rt::Sink& log_;
  rt::Span<Slot> slots_;
  char* rooms_[kRooms];
  bool room_used_[kRooms] = {};
  uint64_t now_ = 0, began_ = 0, tickets_ = 0, answers_ = 0;
  uint32_t queued_ = 0;
  Slot* current_ = nullptr;
  TextFilter filter_;
  uint64_t answer_began_ = 0;
  bool first_piece_ = false;
  uint64_t chunk_ = 0;  // where the size of the open one is
};

}  // namespace server
