#include "boot/current_model.hpp"

namespace boot {
namespace {

// Two, for the old and the new one. Each ends only when every processor has left it.
alignas(Engine) constinit uint8_t g_rooms[2][sizeof(Engine)] = {};

}  // namespace

rt::Result<void> CurrentModel::change(const Options& options) {
  rt::Result<void> done = load_beside(options);
  if (done || !engine_ || done.error().code != rt::Errc::out_of_memory) return done;
  terminal_.console.write("note: memory is too small for two models: the old one makes room\n");
  drop();
  return load_beside(options);
}

/// Loads a model into the other room; the one in use goes when that works.
rt::Result<void> CurrentModel::load_beside(const Options& options) {
  auto* const room = reinterpret_cast<uint8_t*>(engine_) == g_rooms[0] ? g_rooms[1] : g_rooms[0];
  if (engine_) engine_->processors.stop();
  auto* const next = new (rt::Placement{room}) Engine(static_cast<uint32_t>(options.threads), terminal_.console);
  const rt::Result<void> done = load(*next, features_, engine_ != nullptr, options, terminal_);
  if (!done) {
    next->~Engine();
    return done;
  }
  drop();
  engine_ = next;
  return {};
}

void CurrentModel::drop() {
  if (engine_) engine_->~Engine();
  engine_ = nullptr;
}

}  // namespace boot
