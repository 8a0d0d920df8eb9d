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

/// Keeps what is given back and hands it out again: firmware's memory has no page faults either.
class KeptPages final : public rt::PageAllocator {
 public:
  rt::Result<rt::Span<uint8_t>> allocate(uint64_t bytes) override {
    for (size_t i = 0; i < free_.size(); ++i)
      if (free_[i].count >= bytes) {
        const rt::Span<uint8_t> memory = free_[i];
        free_.erase(free_.begin() + int64_t(i));
        return memory;
      }
    return pages_.allocate(bytes);
  }
  void release(rt::Span<uint8_t> memory) override { free_.push_back(memory); }

 private:
  HostPages pages_;
  std::vector<rt::Span<uint8_t>> free_;
};

/// One load of a model alone.
void load(rt::ByteSource& source, rt::PageAllocator& pages, model::Precision precision) {
  rt::Alone alone;
  model::Engine engine(pages, pages);
  need(engine.open(source));
  need(engine.reserve({.storage = {.precision = precision}, .context = 256}, 0, alone));
  need(engine.read_weights());
  benchmark::DoNotOptimize(engine.model().layers.data);
}

/// Loads what `open()` returns, again and again.
template <class Open>
void measure(benchmark::State& state, Open open, model::Precision precision = model::Precision::q8) {
  static KeptPages pages;
  {
    auto source = open();
    load(source, pages, precision);
  }
  uint64_t bytes = 0;
  for (auto _ : state) {
    auto source = open();
    load(source, pages, precision);
    bytes = source.size();
  }
  state.SetBytesProcessed(int64_t(bytes) * state.iterations());
}

void from_memory(benchmark::State& state) {
  std::ifstream file(model_file(kShape), std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(file)), {});
  measure(state, [&] {
    const auto* data = reinterpret_cast<const uint8_t*>(bytes.data());
    return rt::MemorySource(kShape, {data, bytes.size()});
  });
}

void from_gguf(benchmark::State& state, const std::string& shape, const std::string& mix) {
  const std::string path = gguf_file(shape, mix);
  measure(state, [&] { return FileSource(path); }, model::Precision::file);
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
  for (const auto& file : {std::pair("135M", "Q4_1"), std::pair("135M", "Q8_0"), std::pair("100M", "Q4_K")})
    benchmark::RegisterBenchmark(("load/" + std::string(file.first) + "/" + file.second).c_str(),
                                 [=](benchmark::State& state) { from_gguf(state, file.first, file.second); })
        ->UseRealTime()->Unit(benchmark::kMillisecond);
}

}  // namespace test
