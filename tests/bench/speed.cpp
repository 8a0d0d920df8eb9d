// Tokens per second: one at a time (decode), and a prompt in batches.
#include <benchmark/benchmark.h>

#include <chrono>
#include <cstring>
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
constexpr uint32_t kGgufContexts[] = {256, 2048};

struct Case {
  std::string shape;
  model::Precision precision;
  const model::Kernels* kernels;
  uint32_t threads;
  uint32_t context;
  std::string mix = {};  // of a GGUF file

  uint32_t longest() const { return mix.empty() ? kLongest : kGgufContexts[1]; }
  std::string file() const { return mix.empty() ? model_file(shape) : gguf_file(shape, mix); }
};

std::string name(const char* what, const Case& c) {
  if (!c.mix.empty())
    return "gguf-" + (what + ("/" + c.shape)) + "/" + c.mix + "/" + c.kernels->name + "/threads:" + std::to_string(c.threads);
  return what + ("/" + c.shape) + (c.precision == model::Precision::f32 ? "/f32/" : "/q8/") +
         c.kernels->name + "/threads:" + std::to_string(c.threads);
}

/// The model of a case, loaded once and kept: benchmarks may come in any order. The engine's own
/// transformer is never run; its memory goes to those of the cases.
Engine& loaded(const Case& c) {
  static std::map<std::pair<std::string, model::Precision>, std::unique_ptr<Engine>> engines;
  static rt::Crew seats(kMostThreads);
  std::unique_ptr<Engine>& engine = engines[{c.file(), c.precision}];
  if (!engine) {
    FileSource source(c.file());
    engine = std::make_unique<Engine>(
        source, nullptr, model::EngineOptions{.storage = {.precision = c.precision}, .context = c.longest()},
        *c.kernels, seats);
    // The KV cache of a case is read from memory, not from the one page of zeros that the system gives out at first.
    rt::Arena& arena = engine->session_arena();
    arena.clear();
    const rt::Span<uint8_t> cache = need(arena.make_raw<uint8_t>(engine->engine.cache_bytes()));
    std::memset(cache.data, 0x11, cache.count);
  }
  return *engine;
}

model::Transformer transformer(const Case& c, rt::Workers& workers) {
  Engine& engine = loaded(c);
  engine.session_arena().clear();
  return need(model::Transformer::create(engine.engine.model(), c.context, *c.kernels, workers,
                                          engine.session_arena()));
}

/// Bytes of weights and of the KV cache that one token at `position` reads.
uint64_t bytes_per_token(const model::Model& model, uint32_t position) {
  uint64_t bytes = model.classifier.bytes();
  bytes += 2 * sizeof(float) * position * model.config.kv_dim() * model.config.n_layers;
  for (const model::Layer& l : model.layers)
    for (const model::Matrix* m : {&l.wq, &l.wk, &l.wv, &l.wo, &l.w1, &l.w2, &l.w3})
      bytes += m->bytes();
  return bytes;
}

/// The read line to compare with: of the smaller size for what stays in the caches like it.
uint64_t line_bytes(const Case& c) {
  if (!c.mix.empty()) return bytes_per_token(loaded(c).engine.model(), c.context - kDecoded);
  return c.shape == "15M" && c.precision == model::Precision::q8 ? 17'000'000 : 61'000'000;
}

std::vector<model::Token> some_tokens(const model::Config& config) {
  std::vector<model::Token> tokens(kGgufContexts[1]);
  for (uint32_t i = 0; i < tokens.size(); ++i) tokens[i] = (i * 7919 + 3) % config.vocab_size;
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
  if (c.mix.empty()) t.forward({tokens.data(), first + 1}, 0);  // fills the caches, and the KV cache up to there
  else t.forward({tokens.data(), 1}, 0);  // what lies in a large model's KV cache costs too much time
  const auto start = std::chrono::steady_clock::now();
  for (auto _ : state)
    for (uint32_t position = first; position < c.context; ++position)
      benchmark::DoNotOptimize(t.forward({&tokens[position], 1}, position).data);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;

  const double decoded = double(state.iterations()) * kDecoded;
  const double bytes = double(bytes_per_token(loaded(c).engine.model(), first));
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
  for (const uint32_t context : c.mix.empty() ? rt::Span<const uint32_t>{kContexts, 2} : rt::Span<const uint32_t>{kGgufContexts, 2}) {
    c.context = context;
    add(name("decode", c) + "/context:" + std::to_string(context), decode, c);
  }
  c.context = 256;
  add(name("prompt", c), prompt, c);
}

/// Of GGUF files, with the widest kernels and with those for AVX2.
void register_gguf(uint32_t most) {
  const std::pair<const char*, const char*> kFiles[] = {
      {"135M", "Q4_0"}, {"135M", "Q4_1"}, {"135M", "Q8_0"}, {"135M", "Q4_K_M"}, {"1B", "Q4_0"}};
  for (const auto& [shape, mix] : kFiles) {
    bool widest = true;
    for (const model::Kernels* kernels : model::all_kernels()) {
      if (!model::usable(*kernels, cpu_features())) continue;
      if (!widest && (std::string(kernels->name) != "avx2" || std::string(shape) == "1B")) continue;
      widest = false;
      for (uint32_t threads = 1; threads <= most; ++threads)
        register_case({shape, model::Precision::file, kernels, threads, 0, mix});
    }
  }
}

}  // namespace

void register_speed(uint32_t most) {
  register_gguf(most);
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
