// Exact products of matrices of SmolLM2-135M's shape, beside how fast the machine reads as many bytes; and how fast rows
// are packed.
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <cstring>
#include <random>
#include <vector>

#if defined(__linux__)
#include <sys/mman.h>
#endif

#include "model/formats/stored_types.hpp"
#include "model/kernels/select.hpp"
#include "tests/bench/bench.hpp"
#include "tests/host/cpu.hpp"
#include "tests/host/naive_blocks.hpp"
#include "tests/host/threads.hpp"

namespace test {
namespace {

using model::kExactBatch;

struct MatrixShape {
  uint32_t type, rows, cols;
};

/// The matrices of one layer of SmolLM2-135M: q and o, k and v, gate and up, down.
std::vector<MatrixShape> layer(uint32_t narrow, uint32_t down) {
  return {{narrow, 576, 576}, {narrow, 192, 576}, {narrow, 192, 576}, {narrow, 576, 576},
          {narrow, 1536, 576}, {narrow, 1536, 576}, {down, 576, 1536}};
}

/// What a file of this name has in its 30 layers; Q4_K_M cannot cut rows of 576 into blocks of 256.
std::vector<MatrixShape> mix(const std::string& name) {
  std::vector<MatrixShape> all;
  for (uint32_t i = 0; i < 30; ++i) {
    const auto one = name == "Q8_0"   ? layer(8, 8)
                     : name == "Q4_0" ? layer(2, 2)
                     : name == "Q4_1" ? layer(3, 3)
                                      : layer(6, i % 2 ? 12 : 14);
    all.insert(all.end(), one.begin(), one.end());
  }
  return all;
}

/// Rows of blocks with any bits and scales of 2^-8.
std::vector<uint8_t> made_rows(const model::StoredType& type, uint64_t numbers) {
  std::mt19937 random(1);
  return made_row(block_facts(type.id), uint32_t(numbers), random, [] { return uint16_t(0x1c00); });
}

/// Zeroed memory, in large pages where the system has them.
class Room {
 public:
  explicit Room(uint64_t bytes) : data_(static_cast<uint8_t*>(std::aligned_alloc(2 << 20, rt::round_up(bytes, 2 << 20)))) {
#if defined(__linux__)
    madvise(data_, rt::round_up(bytes, 2 << 20), MADV_HUGEPAGE);
#endif
    std::memset(data_, 0, bytes);
  }
  ~Room() { std::free(data_); }
  Room(const Room&) = delete;

  /// 64-byte aligned.
  template <class T>
  T* take(uint64_t count) {
    T* const taken = reinterpret_cast<T*>(data_ + used_);
    used_ += rt::round_up(count * sizeof(T), 64);
    return taken;
  }

 private:
  uint8_t* data_;
  uint64_t used_ = 0;
};

struct Packed {
  const model::StoredType* type;
  uint8_t* data;
  uint32_t blocks, records;
};

class Exact {
 public:
  Exact(const std::string& name, uint32_t n) : memory_(uint64_t{256} << 20) {
    for (const MatrixShape& s : mix(name)) {
      const model::StoredType& type = *model::find_stored_type(s.type);
      const uint64_t block = type.record.block_bytes(s.cols);
      uint8_t* const data = memory_.take<uint8_t>(s.rows / 16 * block);
      const std::vector<uint8_t> rows = made_rows(type, uint64_t{16} * s.cols);
      for (uint32_t row = 0; row < s.rows; ++row)
        if (model::pack_row(type, rows.data() + row % 16 * type.bytes(s.cols), s.cols,
                            data + row / 16 * block, row % 16) != model::Packed::ok)
          throw std::runtime_error("a made-up row was not packed");
      matrices_.push_back({&type, data, s.rows / 16, uint32_t(type.record.in_row(s.cols))});
      bytes += s.rows / 16 * block;
      weights += uint64_t{s.rows} * s.cols;
    }
    x_ = {memory_.take<int16_t>(kExactBatch * kCols),
          memory_.take<model::ExactUnit>(kExactBatch * kCols / 32),
          memory_.take<model::ExactUnit>(kExactBatch * kCols / 16),
          memory_.take<float>(kExactBatch), kCols, n};
    std::vector<float> x(kCols);
    for (uint32_t i = 0; i < n; ++i) {
      for (uint32_t c = 0; c < kCols; ++c) x[c] = float(int(c * 7919 + i * 31) % 201 - 100) * (c % 40 ? 1 : 9);
      model::quantize_exact(x.data(), kCols, x_, i);
    }
    y_ = memory_.take<float>(kExactBatch * 1536);
  }

  void multiply(const model::Kernels& kernels) {
    for (const Packed& m : matrices_)
      kernels.multiply_exact({m.data, &m.type->record, m.blocks, m.records, x_, x_.together, y_, 1536});
  }

  uint64_t bytes = 0, weights = 0;

 private:
  static constexpr uint64_t kCols = 1536;
  Room memory_;
  std::vector<Packed> matrices_;
  model::ExactVectors x_;
  float* y_ = nullptr;
};

void multiply(benchmark::State& state, const std::string& name, const model::Kernels& kernels, uint32_t n) {
  Exact exact(name, n);
  Threads threads(1);
  exact.multiply(kernels);
  for (auto _ : state) exact.multiply(kernels);
  const double times = double(state.iterations());
  state.counters["weights/s"] =
      benchmark::Counter(double(exact.weights) * n * times, benchmark::Counter::kIsRate);
  if (n == 1) {
    state.counters["bytes/s"] = benchmark::Counter(double(exact.bytes) * times, benchmark::Counter::kIsRate);
    state.counters["read_line"] = read_line(exact.bytes, threads.crew);
  }
}

void pack(benchmark::State& state, uint32_t id) {
  constexpr uint32_t kCols = 1536, kRows = 4096;
  const model::StoredType& type = *model::find_stored_type(id);
  const std::vector<uint8_t> rows = made_rows(type, uint64_t{kRows} * kCols);
  const uint64_t block = type.record.block_bytes(kCols);
  Room memory(kRows / 16 * block);
  uint8_t* data = memory.take<uint8_t>(kRows / 16 * block);
  for (auto _ : state)
    for (uint32_t row = 0; row < kRows; ++row)
      benchmark::DoNotOptimize(model::pack_row(type, rows.data() + row * type.bytes(kCols), kCols,
                                               data + row / 16 * block, row % 16));
  state.SetBytesProcessed(int64_t(rows.size()) * state.iterations());
}

}  // namespace

void register_exact() {
  for (const std::string name : {"Q4_0", "Q4_1", "Q8_0", "Q4_K_M"})
    for (const model::Kernels* kernels : model::all_kernels())
      for (const uint32_t n : {1u, kExactBatch})
        if (model::usable(*kernels, cpu_features()))
          benchmark::RegisterBenchmark(
              ("exact/" + name + "/" + kernels->name + "/vectors:" + std::to_string(n)).c_str(),
              [=](benchmark::State& state) { multiply(state, name, *kernels, n); })
              ->UseRealTime()->Unit(benchmark::kMillisecond);
  for (const uint32_t id : {3, 8, 6, 12, 14})
    benchmark::RegisterBenchmark((std::string("pack/") + model::find_stored_type(id)->name).c_str(),
                                 [=](benchmark::State& state) { pack(state, id); })
        ->UseRealTime()->Unit(benchmark::kMillisecond);
}

}  // namespace test
