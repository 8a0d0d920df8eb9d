// bench: how fast the engine is on this machine, beside how fast the machine reads memory. All
// flags of Google Benchmark work; tests/bench/run.py makes a table of what it prints.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <thread>
#include <vector>

#include "tests/bench/bench.hpp"

int main(int count, char** values) {
  // A default of ours; what the user says comes later and wins.
  char least_seconds[] = "--benchmark_min_time=0.1";
  std::vector<char*> arguments(values, values + count);
  arguments.insert(arguments.begin() + 1, least_seconds);
  count = int(arguments.size());
  arguments.push_back(nullptr);
  benchmark::Initialize(&count, arguments.data());
  if (benchmark::ReportUnrecognizedArguments(count, arguments.data())) return 2;

  // Members of a crew spin: without a core of their own they would measure the scheduler.
  const uint32_t threads =
      std::clamp(uint32_t(std::thread::hardware_concurrency()), 1u, test::kMostThreads);
  test::register_read_line(threads);
  test::register_speed(threads);
  test::register_load();
  test::register_exact();
  try {
    benchmark::RunSpecifiedBenchmarks();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bench: %s\n", error.what());
    return 1;
  }
  benchmark::Shutdown();
  return 0;
}
