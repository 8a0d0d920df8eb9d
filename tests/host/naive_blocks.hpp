#pragma once
#include <cstdint>
#include <random>
#include <stdexcept>
#include <vector>

namespace test {

/// One weight as its file has it: (d * q + m) * 2^-24.
struct NaiveWeight {
  int64_t d, m;
  int q;
};

/// Column `c` of a block of type `id`, one at a time, from the format's facts.
NaiveWeight naive_weight(uint32_t id, const uint8_t* block, uint32_t c);

/// A half float times 2^24.
int64_t naive_half(const uint8_t* p);

/// Where a block has its half floats, and how it looks.
struct BlockFacts {
  uint32_t id;
  const char* name;
  uint32_t cols, bytes;
  int d, m;  // offsets; m -1: none
};
inline constexpr BlockFacts kBlockFacts[] = {
    {8, "Q8_0", 32, 34, 0, -1},   {2, "Q4_0", 32, 18, 0, -1},   {3, "Q4_1", 32, 20, 0, 2},
    {6, "Q5_0", 32, 22, 0, -1},   {7, "Q5_1", 32, 24, 0, 2},    {10, "Q2_K", 256, 84, 80, 82},
    {11, "Q3_K", 256, 110, 108, -1}, {12, "Q4_K", 256, 144, 0, 2}, {13, "Q5_K", 256, 176, 0, 2},
    {14, "Q6_K", 256, 210, 208, -1}, {20, "IQ4_NL", 32, 18, 0, -1}, {23, "IQ4_XS", 256, 136, 0, -1},
};

inline const BlockFacts& block_facts(uint32_t id) {
  for (const BlockFacts& facts : kBlockFacts)
    if (facts.id == id) return facts;
  throw std::logic_error("no such type");
}

/// A row of blocks of any bytes, with half floats that `half()` gives.
template <class Half>
std::vector<uint8_t> made_row(const BlockFacts& f, uint32_t cols, std::mt19937& random, Half half) {
  std::vector<uint8_t> row(cols / f.cols * f.bytes);
  for (uint8_t& byte : row) byte = uint8_t(random());
  for (size_t at = 0; at < row.size(); at += f.bytes)
    for (const int offset : {f.d, f.m}) {
      if (offset < 0) continue;
      const uint16_t value = half();
      row[at + size_t(offset)] = uint8_t(value);
      row[at + size_t(offset) + 1] = uint8_t(value >> 8);
    }
  return row;
}

}  // namespace test
