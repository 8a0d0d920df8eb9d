// Loading: a float32 file becomes int8 while it streams.
#include <benchmark/benchmark.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

#include "tests/bench/bench.hpp"
#include "tests/host/file_source.hpp"
#include "tests/host/made_checkpoint.hpp"

namespace test {
namespace {

constexpr const char* kShape = "15M";
constexpr model::Storage kStorage{.precision = model::DType::q8};

/// One load, into memory that was used before: firmware's memory has no page faults either.
void load(rt::ByteSource& source, rt::Arena& weights, rt::Arena& scratch) {
  weights.rewind(0);
  const model::Checkpoint checkpoint = value(model::Checkpoint::open(source));
  benchmark::DoNotOptimize(value(checkpoint.load(source, kStorage, weights, scratch)).layers.data);
}

/// Loads what `open()` returns, again and again.
template <class Open>
void measure(benchmark::State& state, Open open) {
  auto first = open();
  const model::Checkpoint checkpoint = value(model::Checkpoint::open(first));
  Memory weights(checkpoint.arena_bytes(kStorage)), scratch(checkpoint.scratch_bytes());
  {
    auto source = open();
    load(source, weights.arena, scratch.arena);
  }
  for (auto _ : state) {
    auto source = open();
    load(source, weights.arena, scratch.arena);
  }
  state.SetBytesProcessed(int64_t(checkpoint.file_bytes) * state.iterations());
}

void from_memory(benchmark::State& state) {
  std::ifstream file(model_file(kShape), std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(file)), {});
  measure(state, [&] {
    const auto* data = reinterpret_cast<const uint8_t*>(bytes.data());
    return rt::MemorySource(kShape, {data, bytes.size()});
  });
}

void from_file(benchmark::State& state) {
  const std::string path = model_file(kShape);
  measure(state, [&] { return FileSource(path); });
}

}  // namespace

std::string model_file(const std::string& shape_name) {
  const std::filesystem::path path = "out/bench/" + shape_name + ".bin";
  if (std::filesystem::exists(path)) return path;
  std::filesystem::create_directories(path.parent_path());
  const std::filesystem::path unfinished = path.string() + ".unfinished";
  std::ofstream out(unfinished, std::ios::binary);
  MadeCheckpoint{.config = shape(shape_name)}.write(out);
  out.close();
  if (!out) throw std::runtime_error(unfinished.string() + " cannot be written");
  std::filesystem::rename(unfinished, path);
  return path;
}

void register_load() {
  const std::string name = std::string("load/") + kShape;
  benchmark::RegisterBenchmark((name + "/memory").c_str(), from_memory)
      ->UseRealTime()->Unit(benchmark::kMillisecond);
  benchmark::RegisterBenchmark((name + "/file").c_str(), from_file)
      ->UseRealTime()->Unit(benchmark::kMillisecond);
}

}  // namespace test
