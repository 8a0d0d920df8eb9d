#include "boot/serving.hpp"

#include "boot/commands.hpp"
#include "boot/platform/entropy.hpp"
#include "boot/platform/firmware.hpp"
#include "boot/platform/network/tcp.hpp"
#include "boot/server/model_answerer.hpp"
#include "boot/server/server.hpp"
#include "boot/tune.hpp"

namespace boot {
namespace {

/// A connection of the firmware's, for the server.
class FirmwareWire final : public server::Wire {
 public:
  void use(platform::Connection* connection) { connection_ = connection; }
  bool is_free() const { return !connection_; }

  uint64_t read(rt::Span<uint8_t> into) override { return count(connection_->read(into)); }
  uint64_t write(rt::Span<const uint8_t> bytes) override { return count(connection_->write(bytes)); }
  /// Did bytes move since the last call?
  bool take_moved() {
    const bool moved = moved_;
    moved_ = false;
    return moved;
  }
  bool ended() override { return connection_->closed_by_peer(); }
  bool failed() override { return connection_->failed(); }
  bool failed_by_peer() const { return connection_->failed_by_peer(); }
  const rt::Error& error() const { return platform::firmware_error(connection_->why(), "a connection broke"); }
  rt::Text peer(rt::Span<char> buffer) override { return platform::ip4_text(connection_->peer(), buffer); }
  void close() override {
    connection_->close();
    connection_ = nullptr;
  }
  void reset() override {
    connection_->reset();
    connection_ = nullptr;
  }

 private:
  uint64_t count(uint64_t bytes) {
    moved_ |= bytes != 0;
    return bytes;
  }

  platform::Connection* connection_ = nullptr;
  bool moved_ = false;
};

/// The console's model, whichever that is, on all processors while it answers.
class Answering final : public server::Answerer {
 public:
  explicit Answering(Conversation& c) : c_(c) {}

  void use_model() {
    Engine* const engine = c_.model.engine();
    if (!engine) return;
    rt::Result<model::ChatTemplate> chat =
        model::choose_template(c_.options.chat_template, engine->model.info().chat_template);
    chat_ = chat ? *chat : model::ChatTemplate();
    usual_ = c_.options.sampling();
    rt::Text path = c_.options.model;
    for (rt::Text rest = path; !rest.empty();) {
      const bool slash = rest[0] == '\\' || rest[0] == '/';
      rest = rest.from(1);
      if (slash) path = rest;
    }
    if (path.ends_with(".gguf")) path.size -= 5;
    if (path.ends_with(".bin")) path.size -= 4;
    const rt::Text name = rt::print_to({name_, sizeof name_}, "%pT", &path);
    model_ = new (rt::Placement{room_})
        server::ModelAnswerer(engine->model, chat_, name.empty() ? "default" : name, usual_, platform::entropy);
  }

  rt::Text name() const override { return model_->name(); }
  bool chats() const override { return model_->chats(); }
  uint32_t context() const override { return model_->context(); }
  model::Sampling usual() const override { return usual_; }
  rt::Result<void> begin(const server::Job& job) override {
    if (!c_.model.engine()) return rt::fail(rt::Errc::usage, 0, "there is no model in memory");
    rt::Result<void> done = model_->begin(job);
    if (done) start_processors(*c_.model.engine(), c_.terminal);
    return done;
  }
  Event advance() override { return model_->advance(); }
  rt::Text text() const override { return model_->text(); }
  bool ended_itself() const override { return model_->ended_itself(); }
  Usage usage() const override { return model_->usage(); }
  void finish() override { c_.model.engine()->processors.stop(); }

 private:
  Conversation& c_;
  model::ChatTemplate chat_;
  model::Sampling usual_;
  char name_[64];
  server::ModelAnswerer* model_ = nullptr;
  alignas(server::ModelAnswerer) uint8_t room_[sizeof(server::ModelAnswerer)];
};

}  // namespace

/// All that serving needs, in one piece of memory; behind it lies the server's.
struct Serving::Inside {
  static constexpr uint32_t kConnections = 24;

  Inside(Conversation& c, platform::Listener& at, const server::Settings& of, rt::Span<uint8_t> memory)
      : clock(c.terminal.clock), answering(c), log(c), settings(of), server(settings, answering, log, memory),
        listener(at) {}

  /// Milliseconds that never run backwards, even where the clock learns its rate.
  uint64_t now() {
    return now_ = rt::max(now_, clock.nanoseconds(platform::Clock::ticks()) / 1'000'000);
  }

  /// The console: above the line that is being typed, where one is.
  struct Log final : rt::Sink {
    explicit Log(Conversation& of) : c(of) {}
    void write(rt::Text line) override {
      if (above) c.editor.show_above(line);
      else c.terminal.console.write(line);
    }
    Conversation& c;
    bool above = false;
  };

  void say(const char* what, const rt::Error& error) {
    char text[200];
    log.write(rt::print_to({text, sizeof text}, "%s: %s\n", what, error.text));
  }

  const platform::Clock& clock;
  Answering answering;
  Log log;
  const server::Settings settings;
  server::Server server;
  platform::Listener& listener;
  FirmwareWire wires[kConnections];
  uint64_t moved_at = 0;  // the last time that a byte came or went

 private:
  uint64_t now_ = 0;
};

rt::Result<void> Serving::open(uint16_t port) {
  if (is_open()) return rt::fail(rt::Errc::usage, 0, "port %u is served already: /serve off ends it",
                                 inside_->listener.port());
  if (!conversation_.model.engine()) return rt::fail(rt::Errc::usage, 0, "there is no model in memory to serve");
  const Terminal& terminal = conversation_.terminal;
  const server::Settings settings{.api_key = conversation_.options.api_key, .cors = conversation_.options.cors,
                                  .queue = uint32_t(conversation_.options.queue), .connections = Inside::kConnections};
  const uint64_t own = rt::round_up(sizeof(Inside), 64);
  platform::Pages memory;
  if (rt::Result<void> done = memory.allocate(own + server::Server::bytes_needed(settings),
                                              platform::MemoryUse::buffer, "the server");
      !done)
    return done;
  rt::Result<const platform::Network*> network = platform::Network::start(terminal.clock, terminal.keyboard);
  if (!network) return network.error();
  rt::Result<platform::Listener*> listener =
      platform::Listener::open(**network, port, Inside::kConnections, terminal.clock);
  if (!listener) return listener.error();
  memory_ = static_cast<platform::Pages&&>(memory);
  inside_ = new (rt::Placement{memory_.memory().data})
      Inside(conversation_, **listener, settings, memory_.memory().from(own));
  inside_->moved_at = inside_->now();
  use_model();
  const rt::Text address = (*network)->address_text();
  rt::print(terminal.console, "serving on http://%pT:%u%s; /serve off ends it\n", &address, port,
            settings.api_key.empty() ? ", to everybody" : "");
  return {};
}

void Serving::close() {
  if (!inside_) return;
  inside_->server.close();
  inside_->listener.close();
  inside_ = nullptr;
  memory_ = {};
}

/// Once around: new connections, all that needs no model, a step of an answer.
void Serving::round() {
  Inside& in = *inside_;
  in.listener.poll();
  for (FirmwareWire& wire : in.wires) {
    if (!wire.is_free()) continue;
    platform::Connection* const connection = in.listener.accepted();
    if (!connection) break;
    wire.use(connection);
    in.server.accept(wire, in.moved_at = in.now());
  }
  for (FirmwareWire& wire : in.wires)
    if (!wire.is_free() && wire.failed() && !wire.failed_by_peer())
      in.say("note", wire.error());
  in.server.metrics.memory = platform::memory_count().now;
  in.server.poll(in.now());
  for (FirmwareWire& wire : in.wires)
    if (wire.take_moved()) in.moved_at = in.now();
  if (!in.server.busy()) return;
  if (in.server.answering() && conversation_.terminal.keyboard.stop_pressed()) in.server.stop_answer(in.now());
  else in.server.step(in.now());
}

bool Serving::step() {
  if (!inside_) return false;
  // A client that was just answered may ask again. Later the processor sleeps, and the next waits for firmware's clock.
  constexpr uint32_t kAwake = 100;  // milliseconds
  // Looking for a key takes firmware longer than looking for a packet.
  constexpr uint32_t kRounds = 16;
  inside_->log.above = true;
  for (uint32_t i = 0; i < kRounds && !inside_->server.busy(); ++i) round();
  if (inside_->server.busy()) round();
  else if (inside_->now() - inside_->moved_at > kAwake) conversation_.terminal.keyboard.rest();
  if (inside_->listener.failed()) {
    inside_->say("error", platform::firmware_error(inside_->listener.why(),
                                                   "no connection can come any more, and serving ends"));
    close();
    return false;
  }
  inside_->log.above = false;
  return true;
}

void Serving::finish_answer() {
  while (inside_ && inside_->server.answering()) round();
}

void Serving::use_model() {
  if (inside_) inside_->answering.use_model();
}

}  // namespace boot
