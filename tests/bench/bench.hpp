#pragma once
#include <cstdint>
#include <stdexcept>
#include <string>

#include "rt/workers.hpp"
#include "tests/host/engine.hpp"

namespace test {

/// The most threads that a benchmark uses.
inline constexpr uint32_t kMostThreads = 2;

/// A float32 file of this shape with made-up weights: out/bench/SHAPE.bin, made where missing.
std::string model_file(const std::string& shape);

/// A GGUF file of the shape 135M (SmolLM2), 1B (Llama 3.2) or 100M, in Q4_0, Q4_1, Q8_0, Q4_K or Q4_K_M's mix, with made-up
/// weights: out/bench/SHAPE-MIX.gguf, made where missing.
std::string gguf_file(const std::string& shape, const std::string& mix);

/// How fast this machine reads `bytes` bytes of memory again and again with `workers`, in bytes/s:
/// four sequential streams for each slice. The median pass of about 20 milliseconds.
double read_line(uint64_t bytes, rt::Workers& workers);

// Each adds its benchmarks to Google Benchmark's list, for 1 to `threads` threads.
void register_read_line(uint32_t threads);  // read/SIZE/threads:N
// decode/SHAPE/PRECISION/KERNEL/threads:N/context:N and prompt/SHAPE/PRECISION/KERNEL/threads:N;
// gguf-decode/SHAPE/MIX/KERNEL/... and gguf-prompt/SHAPE/MIX/KERNEL/...
void register_speed(uint32_t threads);
void register_exact();  // exact/MIX/KERNEL/vectors:N and pack/TYPE, on one thread
void register_load();  // load/SHAPE/SOURCE, on one thread

}  // namespace test
