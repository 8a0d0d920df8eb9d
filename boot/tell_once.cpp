// What llama-core.efi links in place of conversation.cpp: one story, and then the end.
#include "boot/conversation.hpp"
#include "boot/platform/entropy.hpp"
#include "boot/story.hpp"

namespace boot {
namespace {

// Neither on the stack nor in pages: a processor that is late may look at it after all else has ended.
alignas(Engine) constinit uint8_t g_engine_room[sizeof(Engine)] = {};

rt::Result<void> tell(Engine& engine, rt::CpuFeatures features, Options& options, const Terminal& terminal,
                      uint64_t started) {
  if (rt::Result<void> done = load(engine, features, false, options, terminal); !done) return done;
  platform::Pages pages;
  if (rt::Result<void> done = pages.allocate(sizeof(Record), platform::MemoryUse::buffer, "the record of the story");
      !done)
    return done;
  Record& record = *new (rt::Placement{pages.memory().data}) Record;
  record.clear();
  const uint64_t seed = options.seed ? options.seed : platform::entropy() % 1'000'000'000 + 1;
  return tell_story(engine, engine.model.session(), options, options.prompt, seed, record, terminal, started, nullptr);
}

}  // namespace

rt::Result<void> converse(Options& options, const Terminal& terminal, uint64_t started) {
  platform::VectorState vectors;
  auto& engine = *new (rt::Placement{g_engine_room}) Engine(static_cast<uint32_t>(options.threads), terminal.console);
  const rt::Result<void> done = tell(engine, vectors.enable(), options, terminal, started);
  engine.~Engine();
  // Nobody is asked for another.
  if (options.on_finish == OnFinish::prompt) options.on_finish = OnFinish::exit;
  return done;
}

}  // namespace boot
