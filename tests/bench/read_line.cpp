// How fast this machine reads memory: the line that decoding is compared with, since every token
// reads every weight once.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <vector>

#if defined(__linux__)
#include <sys/mman.h>
#endif

#include "tests/bench/bench.hpp"
#include "rt/x86_64/features.hpp"
#include "tests/host/cpu.hpp"
#include "tests/host/threads.hpp"

namespace test {
namespace {

constexpr uint64_t kStreams = 4;

// 64 bytes: as many registers as the target needs for them.
using Line = uint64_t __attribute__((vector_size(64)));

/// The sum of `lines` lines in each of kStreams streams that lie behind one another.
[[gnu::always_inline]] inline uint64_t sum(const Line* from, uint64_t lines) {
  Line sums[kStreams] = {};
  for (uint64_t i = 0; i < lines; ++i)
    for (uint64_t stream = 0; stream < kStreams; ++stream) sums[stream] += from[stream * lines + i];
  const Line all = sums[0] + sums[1] + sums[2] + sums[3];
  return all[0] + all[1] + all[2] + all[3] + all[4] + all[5] + all[6] + all[7];
}

uint64_t sum_plain(const Line* from, uint64_t lines) { return sum(from, lines); }
[[gnu::target("avx2")]] uint64_t sum_avx2(const Line* from, uint64_t lines) {
  return sum(from, lines);
}

/// Memory that is filled, in large pages where the system has them.
rt::Span<const Line> filled_memory(uint64_t bytes) {
  static std::map<uint64_t, rt::Span<Line>> made;
  rt::Span<Line>& lines = made[bytes];
  if (lines.empty()) {
    HostPages pages;  // what they give is kept to the end
    lines = {reinterpret_cast<Line*>(need(pages.allocate(bytes)).data), bytes / sizeof(Line)};
#if defined(MADV_HUGEPAGE)
    madvise(lines.data, lines.bytes(), MADV_HUGEPAGE);
#endif
    std::fill(lines.begin(), lines.end(), Line{1, 2, 3, 4, 5, 6, 7, 8});
  }
  return lines;
}

class Reading final : public rt::Task {
 public:
  Reading(uint64_t bytes, uint32_t slices)
      : memory_(filled_memory(bytes)), lines_(memory_.count / slices / kStreams) {}

  void run(uint32_t slice) override {
    benchmark::DoNotOptimize(sum_(memory_.data + slice * kStreams * lines_, lines_));
  }

 private:
  rt::Span<const Line> memory_;
  uint64_t lines_;  // of a stream
  uint64_t (*sum_)(const Line*, uint64_t) = cpu_features().cover(rt::kAvx2) ? sum_avx2 : sum_plain;
};

void read(benchmark::State& state, uint64_t bytes, uint32_t members) {
  Threads threads(members);
  const uint32_t slices = threads.crew.slices();
  Reading reading(bytes, slices);
  threads.crew.run(reading, slices);  // fills the caches
  for (auto _ : state) threads.crew.run(reading, slices);
  state.SetBytesProcessed(int64_t(bytes) * state.iterations());
}

}  // namespace

double read_line(uint64_t bytes, rt::Workers& workers) {
  using Clock = std::chrono::steady_clock;
  const uint32_t slices = workers.slices();
  Reading reading(bytes, slices);
  workers.run(reading, slices);
  std::vector<double> seconds;
  const auto start = Clock::now();
  for (auto before = start; before < start + std::chrono::milliseconds(20);) {
    workers.run(reading, slices);
    const auto now = Clock::now();
    seconds.push_back(std::chrono::duration<double>(now - before).count());
    before = now;
  }
  std::nth_element(seconds.begin(), seconds.begin() + ptrdiff_t(seconds.size() / 2), seconds.end());
  return double(bytes) / seconds[seconds.size() / 2];
}

void register_read_line(uint32_t most) {
  for (const uint64_t megabytes : {17, 61})
    for (uint32_t threads = 1; threads <= most; ++threads)
      benchmark::RegisterBenchmark(
          ("read/" + std::to_string(megabytes) + "MB/threads:" + std::to_string(threads)).c_str(),
          [=](benchmark::State& state) { read(state, megabytes * 1'000'000, threads); })
          ->UseRealTime()
          ->Unit(benchmark::kMicrosecond);
}

}  // namespace test
