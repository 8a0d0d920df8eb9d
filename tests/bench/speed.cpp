// Tokens per second: one at a time (decode), and a prompt in batches.
#include <benchmark/benchmark.h>

#include <chrono>
#include <map>
#include <memory>
#include <vector>

#include "model/kernels/select.hpp"
#include "tests/bench/bench.hpp"
#include "tests/host/cpu.hpp"
#include "tests/host/file_source.hpp"
#include "tests/host/threads.hpp"

namespace test {
namespace {

constexpr uint32_t kDecoded = 16;       // tokens of one round
constexpr uint32_t kPromptTokens = 200;
constexpr uint32_t kContexts[] = {16, 256};
constexpr uint32_t kLongest = 256;

struct Case {
  std::string shape;
  model::Precision precision;
  const model::Kernels* kernels;
  uint32_t threads;
  uint32_t context;
};

std::string name(const char* what, const Case& c) {
  return what + ("/" + c.shape) + (c.precision == model::Precision::f32 ? "/f32/" : "/q8/") +
         c.kernels->name + "/threads:" + std::to_string(c.threads);
}

/// The model of a case, loaded once and kept: benchmarks may come in any order. The engine's own
/// transformer is never run; its memory goes to those of the cases.
Engine& loaded(const Case& c) {
  static std::map<std::pair<std::string, model::Precision>, std::unique_ptr<Engine>> engines;
  static rt::Crew seats(kMostThreads);
  std::unique_ptr<Engine>& engine = engines[{c.shape, c.precision}];
  if (!engine) {
    FileSource source(model_file(c.shape));
    engine = std::make_unique<Engine>(
        source, nullptr, model::EngineOptions{.storage = {.precision = c.precision}, .context = kLongest},
        *c.kernels, seats);
  }
  return *engine;
}

model::Transformer transformer(const Case& c, rt::Workers& workers) {
  Engine& engine = loaded(c);
  engine.session_arena().clear();
  return need(model::Transformer::create(engine.engine.model(), c.context, *c.kernels, workers,
                                          engine.session_arena()));
}

/// Bytes of weights that one token reads.
uint64_t bytes_per_token(const model::Model& model) {
  uint64_t bytes = model.classifier.bytes();
  for (const model::Layer& l : model.layers)
    for (const model::Matrix* m : {&l.wq, &l.wk, &l.wv, &l.wo, &l.w1, &l.w2, &l.w3})
      bytes += m->bytes();
  return bytes;
}

/// The read line to compare with: of the smaller size for what stays in the caches like it.
uint64_t line_bytes(const Case& c) {
  return c.shape == "15M" && c.precision == model::Precision::q8 ? 17'000'000 : 61'000'000;
}

std::vector<model::Token> some_tokens(const model::Config& config) {
  std::vector<model::Token> tokens(kLongest);
  for (uint32_t i = 0; i < kLongest; ++i) tokens[i] = (i * 7919 + 3) % config.vocab_size;
  return tokens;
}

/// The last kDecoded positions of the context, one after the other: 0..15 of 16, 240..255 of 256.
/// The read line is measured just before, so that both meet the machine in the same mood.
void decode(benchmark::State& state, const Case& c) {
  Threads threads(c.threads);
  const double line = read_line(line_bytes(c), threads.crew);
  model::Transformer t = transformer(c, threads.crew);
  const std::vector<model::Token> tokens = some_tokens(t.config());
  const uint32_t first = c.context - kDecoded;
  t.forward({tokens.data(), first + 1}, 0);  // fills the caches, and the KV cache up to there
  const auto start = std::chrono::steady_clock::now();
  for (auto _ : state)
    for (uint32_t position = first; position < c.context; ++position)
      benchmark::DoNotOptimize(t.forward({&tokens[position], 1}, position).data);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;

  const double decoded = double(state.iterations()) * kDecoded;
  const double bytes = double(bytes_per_token(loaded(c).engine.model()));
  state.counters["tokens/s"] = benchmark::Counter(decoded, benchmark::Counter::kIsRate);
  state.counters["bytes/token"] = bytes;
  state.counters["of_read_line"] = decoded * bytes / took.count() / line;
}

void prompt(benchmark::State& state, const Case& c) {
  Threads threads(c.threads);
  model::Transformer t = transformer(c, threads.crew);
  const std::vector<model::Token> tokens = some_tokens(t.config());
  t.forward({tokens.data(), 1}, 0);
  for (auto _ : state)
    benchmark::DoNotOptimize(t.forward({tokens.data(), kPromptTokens}, 0).data);
  state.counters["tokens/s"] =
      benchmark::Counter(double(state.iterations()) * kPromptTokens, benchmark::Counter::kIsRate);
}

void add(const std::string& name, void (*function)(benchmark::State&, const Case&), const Case& c) {
  benchmark::RegisterBenchmark(name.c_str(), [=](benchmark::State& state) { function(state, c); })
      ->UseRealTime()
      ->Unit(benchmark::kMillisecond);
}

void register_case(Case c) {
  for (const uint32_t context : kContexts) {
    c.context = context;
    add(name("decode", c) + "/context:" + std::to_string(context), decode, c);
  }
  c.context = kLongest;
  add(name("prompt", c), prompt, c);
}

}  // namespace

void register_speed(uint32_t most) {
  for (const char* shape : {"15M", "110M"})
    for (const model::Precision precision : {model::Precision::q8, model::Precision::f32})
      for (const model::Kernels* kernels : model::all_kernels()) {
        if (!model::usable(*kernels, cpu_features())) continue;
        for (uint32_t threads = 1; threads <= most; ++threads)
          register_case({shape, precision, kernels, threads, 0});
        if (std::string(shape) == "110M") break;  // only the widest: the rest would take minutes
      }
}

}  // namespace test
