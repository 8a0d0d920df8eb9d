#pragma once
#include <cstdint>
#include <ostream>
#include <string>
#include <vector>

#include "model/model.hpp"

namespace test {

/// A checkpoint with made-up weights: of any shape, the same bytes on every machine. Speed, memory
/// and token-for-token agreement do not depend on what the weights say.
///
/// Weight i of a version 0 file, counted over all float32 after its header, is w = (u - 0.5) * 0.24
/// for matrices and 1 + (u - 0.5) * 0.2 for norms, in double and rounded once, where
/// u = (splitmix64(seed * 2^32 + i) >> 40) / 2^24 (Steele, Lea, Flood 2014). RoPE tables are zeros.
/// Versions 1 and 2 hold the same weights in their own order; version 2 in int8.
struct MadeCheckpoint {
  model::Config config;
  uint32_t seed = 1;
  bool shared_classifier = true;
  int version = 0;          // 0, 1 or 2
  uint32_t group_size = 64;  // version 2: halved until it divides dim, as llama2.c's exporter does

  void write(std::ostream& out) const;
  std::vector<uint8_t> bytes() const;
};

/// The shape called tiny, gqa, odd, 15M, 42M or 110M; throws std::invalid_argument for others.
model::Config shape(const std::string& name);

}  // namespace test
