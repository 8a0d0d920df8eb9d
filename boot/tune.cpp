#include "boot/tune.hpp"

#include "model/kernels/select.hpp"

namespace boot {
namespace {

/// Seconds that one token takes with so many processors, at best of `runs`.
double token_seconds(Engine& engine, uint32_t processors, const platform::Clock& clock, uint32_t runs = 3) {
  constexpr uint64_t kLong = 50;  // milliseconds, in which small disturbances do not count
  engine.processors.crew().set_members(processors);
  const model::Token any = engine.model.tokenizer().first();
  uint64_t best = ~uint64_t{0};
  for (uint32_t i = 0; i < runs; ++i) {
    const uint64_t start = platform::Clock::ticks();
    (void)engine.model.transformer().forward({&any, 1}, 0);
    best = rt::min(best, platform::Clock::ticks() - start);
    if (best > clock.milliseconds_to_ticks(kLong)) break;
  }
  return clock.seconds(best);
}

}  // namespace

rt::Result<const model::Kernels*> named_kernels(const Options& options, rt::CpuFeatures features) {
  const rt::Text name = options.kernel;
  if (name.empty()) return nullptr;
  const model::Kernels* kernels = model::find_kernels(name);
  if (!kernels)
    return rt::fail(rt::Errc::usage, 0, "there is no kernel '%pT'", &name);
  if (!model::usable(*kernels, features))
    return rt::fail(rt::Errc::unsupported, 0, "this processor cannot run the kernel '%pT'",
                    &name);
  return kernels;
}

rt::Result<const model::Kernels*> fastest_kernels(Engine& engine, rt::CpuFeatures features,
                                                  const Terminal& terminal) {
  const model::Matrix& sample = engine.model.model().layers[0].w1;
  model::Timing timings[model::kMostKernelSets];
  rt::Result<rt::Span<model::Timing>> measured = model::measure_kernels(
      sample, features, platform::Clock::ticks, terminal.clock.milliseconds_to_ticks(1), timings,
      engine.model.arena());
  if (!measured) return measured.error();
  const double weights = double(sample.run(0, sample.blocks()).blocks) * model::kBlockRows * sample.cols;
  rt::print(terminal.console, "kernel    %s, %.2f billion weights/s", timings[0].kernels->name,
            weights / terminal.clock.seconds(timings[0].ticks) / 1e9);
  for (const model::Timing& other : measured->from(1))
    rt::print(terminal.console, "%s %.1f x %s", &other == timings + 1 ? ";" : ",",
              double(other.ticks) / double(timings[0].ticks), other.kernels->name);
  terminal.console.write("\n");
  return timings[0].kernels;
}

void start_processors(Engine& engine, const Terminal& terminal) {
  if (rt::Result<void> done = engine.processors.start(); !done)
    rt::print(terminal.console, "note: %s\n", done.error().text);
}

void choose_processors(Engine& engine, const Options& options, const Terminal& terminal) {
  rt::Crew& crew = engine.processors.crew();
  const uint32_t most = crew.capacity();
  if (most == 1) {
    rt::print(terminal.console, "cores     1%s\n",
              engine.processors.available() ? "" : ": this firmware cannot start others");
    return;
  }
  start_processors(engine, terminal);
  // What touches all weights for the first time is slow, and would count against whoever is tried first: all do it.
  if (!options.threads) (void)token_seconds(engine, most, terminal.clock, 1);
  uint32_t best = most;
  double fastest = 0;
  rt::print(terminal.console, "cores     ");
  for (uint32_t n = options.threads ? most : 1; ; n = rt::min(n * 2, most)) {
    const double seconds = token_seconds(engine, n, terminal.clock);
    rt::print(terminal.console, "%s%u: %.2f ms a token", n == 1 || options.threads ? "" : ", ", n,
              seconds * 1000);
    if (fastest == 0 || seconds < fastest) fastest = seconds, best = n;
    if (n == most) break;
  }
  rt::print(terminal.console, "; using %u\n", best);
  crew.set_members(best);
  if (best < most) engine.processors.stop();  // who does not work must not spin
  start_processors(engine, terminal);
}

}  // namespace boot
