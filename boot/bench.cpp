#include "boot/bench.hpp"

#include "boot/platform/cpu.hpp"
#include "boot/tune.hpp"
#include "boot/version.hpp"

namespace boot {

void bench(Engine& engine, const Options& options, const Terminal& terminal) {
  constexpr uint32_t kTokens = 128;
  constexpr double kSeconds = 10;
  model::Transformer& transformer = engine.model.transformer();
  const model::Token token = engine.model.tokenizer().first();
  const uint32_t most = rt::min(kTokens, transformer.context());
  start_processors(engine, terminal);
  const uint64_t start = platform::Clock::ticks();
  uint32_t n = 0;
  double seconds = 0;
  while (n < most && seconds < kSeconds && !terminal.keyboard.stop_pressed()) {
    (void)transformer.forward({&token, 1}, n++);
    seconds = terminal.clock.seconds_since(start);
  }
  engine.processors.stop();
  const uint32_t cores = engine.processors.crew().members();
  const rt::Text model = options.model.empty() ? rt::Text("default model") : options.model;
  rt::print(terminal.console, "%.1f tokens/s: %pT, %s, %s, %u core%s, %s, llama.efi %s\n",
            seconds > 0 ? n / seconds : 0.0, &model, engine.model.info().weights, transformer.kernels().name, cores,
            cores == 1 ? "" : "s", platform::CpuName().text, kVersion);
}

}  // namespace boot
