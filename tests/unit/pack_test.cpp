#include "model/pack.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "tests/unit/exact.hpp"

namespace {

using model::WeightFormat;
using model::Groups;
using model::Matrix;
using test::Exact;

/// A matrix in memory of exactly its size, read as tensor.hpp says that it lies there.
struct Packed {
  Packed(uint32_t rows, uint32_t cols, WeightFormat format, uint32_t group_size = 1)
      : matrix{rows, cols, format, Groups::of(cols, group_size), {}}, memory(matrix.bytes()) {
    matrix.first = {memory.data(), matrix.blocks(), nullptr};
  }

  float f32(uint32_t row, uint32_t col) const {
    return read((uint64_t{row / 16} * matrix.cols * 16 + uint64_t{col} * 16 + row % 16) * 4);
  }
  /// The byte in place `i` of a group as it is stored, padding included.
  uint8_t byte(uint32_t row, uint32_t group, uint32_t i) const {
    return memory[at(row, group) + (i / 4 * 16 + row % 16) * 4 + i % 4];
  }
  int q8(uint32_t row, uint32_t col) const {
    return byte(row, col / matrix.groups.size, col % matrix.groups.size) - 128;
  }
  float scale(uint32_t row, uint32_t group) const {
    return read(at(row, group) + uint64_t{matrix.groups.words} * 64 + row % 16 * 4);
  }
  std::vector<float> unpack(uint32_t row) const {
    const Exact<float> out(matrix.cols);
    model::unpack_row(matrix, row, out.data());
    return {out.begin(), out.end()};
  }

  Matrix matrix;
  Exact<uint8_t> memory;

 private:
  uint64_t at(uint32_t row, uint32_t group) const {
    const uint64_t group_bytes = uint64_t{matrix.groups.words} * 64 + 64;
    return (row / 16 * uint64_t{matrix.groups.count} + group) * group_bytes;
  }
  float read(uint64_t from) const {
    float value;
    std::memcpy(&value, &memory[from], sizeof value);
    return value;
  }
};

std::vector<float> draw(std::mt19937& random, uint32_t n) {
  std::vector<float> out(n);
  for (float& x : out) x = float(int32_t(random())) * 0x1p-31f;
  return out;
}

struct Shape {
  uint32_t rows, cols, group_size;
};
constexpr Shape kShapes[] = {{1, 1, 1},    {2, 3, 2},    {15, 4, 4},    {16, 5, 4},   {17, 7, 3},
                             {33, 16, 16}, {40, 50, 50}, {31, 96, 32},  {5, 96, 96},  {64, 100, 96},
                             {3, 172, 64}, {9, 172, 4},  {18, 288, 96}, {2, 768, 128}};

/// llama2.c's export.py, quantize_q80: int8 numbers of one group, and their scale.
float quantize(const float* w, uint32_t n, int* q) {
  float largest = 0;
  for (uint32_t i = 0; i < n; ++i) largest = std::fmax(largest, std::fabs(w[i]));
  const float scale = largest / 127.0f;
  for (uint32_t i = 0; i < n; ++i)
    q[i] = scale > 0 ? int(std::clamp(std::nearbyint(w[i] / scale), -128.0f, 127.0f)) : 0;
  return scale;
}

/// Quantises one row of `w` alone, and compares it with the formula.
void expect_quantized(const std::vector<float>& w, uint32_t group_size) {
  const uint32_t cols = uint32_t(w.size());
  const Packed packed(1, cols, WeightFormat::q8, group_size);
  const Exact<float> row(w);
  const Exact<int8_t> scratch(group_size);
  model::quantize_row(packed.matrix, 0, row.data(), scratch.data());
  std::vector<int> q(cols);
  for (uint32_t g = 0; g < packed.matrix.groups.count; ++g) {
    const uint32_t first = g * group_size;
    const float scale = quantize(&w[first], std::min(group_size, cols - first), &q[first]);
    ASSERT_EQ(packed.scale(0, g), scale) << "group " << g;
  }
  for (uint32_t col = 0; col < cols; ++col)
    ASSERT_EQ(packed.q8(0, col), q[col])
        << std::hexfloat << w[col] << " in column " << std::dec << col << " of " << cols;
}

TEST(Groups, CountWordsAndPaddingAreThoseOfTheShape) {
  const struct {
    uint32_t cols, size, count, words, stride;
    uint64_t row_stride;
  } cases[] = {{288, 96, 3, 24, 96, 288}, {100, 96, 2, 24, 96, 192}, {50, 50, 1, 13, 52, 52},
               {50, 2, 25, 1, 4, 100},    {1, 1, 1, 1, 4, 4},        {96, 97, 1, 25, 100, 100}};
  for (const auto& c : cases) {
    const Groups groups = Groups::of(c.cols, c.size);
    EXPECT_EQ(groups.count, c.count) << c.cols << " in groups of " << c.size;
    EXPECT_EQ(groups.words, c.words) << c.cols << " in groups of " << c.size;
    EXPECT_EQ(groups.stride(), c.stride) << c.cols << " in groups of " << c.size;
    EXPECT_EQ(groups.row_stride(), c.row_stride) << c.cols << " in groups of " << c.size;
  }
}

TEST(Matrix, ARunEndsWhereItsMemoryEnds) {
  uint8_t memory[3][4096];
  const model::Extent last{memory[2], 2, nullptr}, middle{memory[1], 1, &last};
  // Five blocks of two int8 columns: 64 bytes of weights, 64 of scales.
  const Matrix m{70, 2, WeightFormat::q8, Groups::of(2, 2), {memory[0], 2, &middle}};
  const auto expect_run = [&](uint32_t first, uint32_t end, const uint8_t* data, uint32_t blocks) {
    const Matrix::Run run = m.run(first, end);
    EXPECT_EQ(run.data, data) << first << " to " << end;
    EXPECT_EQ(run.blocks, blocks) << first << " to " << end;
  };
  expect_run(0, 5, memory[0], 2);
  expect_run(0, 1, memory[0], 1);
  expect_run(1, 5, memory[0] + 128, 1);
  expect_run(2, 5, memory[1], 1);
  expect_run(3, 5, memory[2], 2);
  expect_run(4, 5, memory[2] + 128, 1);
  EXPECT_EQ(m.block(4), memory[2] + 128);
}

TEST(Matrix, BytesAreThoseOfItsBlocks) {
  EXPECT_EQ((Matrix{17, 5, WeightFormat::f32, {}, {}}.bytes()), 2u * 5 * 16 * 4);
  EXPECT_EQ((Matrix{16, 50, WeightFormat::q8, Groups::of(50, 32), {}}.bytes()), 2u * (32 * 16 + 64));
  EXPECT_EQ((Matrix{1 << 20, 32768, WeightFormat::f32, {}, {}}.bytes()), uint64_t{1} << 37);
}

TEST(Pack, Float32RowsLieInterleavedAndComeBack) {
  std::mt19937 random(1);
  for (const auto& [rows, cols, group_size] : kShapes)
    for (uint32_t most = 1; most <= 5; ++most) {  // rows that go in together
      const Packed packed(rows, cols, WeightFormat::f32);
      const std::vector<float> all = draw(random, rows * cols);
      for (uint32_t row = 0; row < rows;) {
        const uint32_t run = std::min(rows - row, uint32_t(random() % (most + 1)));
        const std::vector<float> some(&all[row * cols], &all[row * cols] + run * cols);
        model::pack_f32(packed.matrix, row, run, Exact<float>(some).data());
        row += run;
      }
      for (uint32_t row = 0; row < rows; ++row) {
        const std::vector<float> back = packed.unpack(row);
        for (uint32_t col = 0; col < cols; ++col) {
          ASSERT_EQ(packed.f32(row, col), all[row * cols + col]) << row << ", " << col;
          ASSERT_EQ(back[col], all[row * cols + col]) << row << ", " << col;
        }
      }
    }
}

TEST(Pack, Int8RowsLieInterleavedAndComeBack) {
  std::mt19937 random(2);
  for (const auto& [rows, cols, group_size] : kShapes) {
    const Packed packed(rows, cols, WeightFormat::q8, group_size);
    std::vector<int> q(cols);
    std::vector<std::vector<float>> all;
    for (uint32_t row = 0; row < rows; ++row) {
      const Exact<int8_t> scratch(group_size);
      all.push_back(draw(random, cols));
      model::quantize_row(packed.matrix, row, Exact<float>(all[row]).data(), scratch.data());
    }
    for (uint32_t row = 0; row < rows; ++row) {
      const std::vector<float> back = packed.unpack(row);
      for (uint32_t col = 0; col < cols; ++col) {
        const uint32_t group = col / group_size, first = group * group_size;
        const float scale =
            quantize(&all[row][first], std::min(group_size, cols - first), &q[first]);
        ASSERT_EQ(packed.q8(row, col), q[col]) << "row " << row << ", column " << col;
        ASSERT_EQ(packed.scale(row, group), scale) << "row " << row << ", group " << group;
        ASSERT_EQ(back[col], float(q[col]) * scale) << "row " << row << ", column " << col;
      }
    }
  }
}

TEST(Pack, WhatAGroupLacksIsZero) {
  std::mt19937 random(3);
  for (const auto& [rows, cols, group_size] : kShapes) {
    const Packed packed(rows, cols, WeightFormat::q8, group_size);
    const Packed stored(rows, cols, WeightFormat::q8, group_size);
    const Exact<int8_t> scratch(group_size), q(cols);
    for (uint32_t row = 0; row < rows; ++row) {
      const Exact<float> w(draw(random, cols));
      model::quantize_row(packed.matrix, row, w.data(), scratch.data());
      model::pack_q8(stored.matrix, row, q.data());
      for (uint32_t group = 0; group < packed.matrix.groups.count; ++group)
        for (uint32_t i = 0; i < packed.matrix.groups.stride(); ++i)
          if (i >= group_size || group * group_size + i >= cols) {
            ASSERT_EQ(packed.byte(row, group, i), 128);
            ASSERT_EQ(stored.byte(row, group, i), 128);
          }
    }
  }
}

TEST(Pack, ARowLeavesTheOthersAlone) {
  for (const WeightFormat format : {WeightFormat::f32, WeightFormat::q8}) {
    const Packed packed(40, 10, format, 4);
    const Exact<int8_t> scratch(4);
    const std::vector<float> row(10, 1.0f);
    format == WeightFormat::f32 ? model::pack_f32(packed.matrix, 21, 1, row.data())
                        : model::quantize_row(packed.matrix, 21, row.data(), scratch.data());
    uint64_t changed = 0;
    for (const uint8_t byte : packed.memory) changed += byte != 0xff;
    // 1.0f is 3f800000 or, in three groups of four, 127 + 128 = ff and 80 with a scale of 3c010204.
    EXPECT_EQ(changed, format == WeightFormat::f32 ? 10u * 4 : 2u + 3 * 4);
  }
}

TEST(Quantize, RoundsTiesToEven) {
  std::vector<float> w(512);
  for (int i = 0; i < 509; ++i) w[i] = float(i - 254) * 0.5f;
  for (const float factor : {1.0f, 0x1p-20f, 0x1p100f}) {  // the largest is 127 times it
    std::vector<float> scaled = w;
    for (float& x : scaled) x *= factor;
    ASSERT_NO_FATAL_FAILURE(expect_quantized(scaled, 512));
  }
}

TEST(Quantize, GroupsOfZerosAreZero) {
  ASSERT_NO_FATAL_FAILURE(expect_quantized({0, -0.0f, 0, 0, 0, 1, 2, 0, 0, -0.0f}, 5));
  const Packed packed(1, 4, WeightFormat::q8, 4);
  const Exact<int8_t> scratch(4);
  model::quantize_row(packed.matrix, 0, std::vector<float>(4).data(), scratch.data());
  EXPECT_EQ(packed.scale(0, 0), 0);
  EXPECT_EQ(packed.unpack(0), std::vector<float>(4));
}

TEST(Quantize, LargestMagnitudeCountsWhereverItStands) {
  for (uint32_t cols = 1; cols <= 20; ++cols)
    for (uint32_t where = 0; where < cols; ++where)
      for (const float largest : {3.0f, -3.0f}) {
        std::vector<float> w(cols, 0.4f);
        w[where] = largest;
        ASSERT_NO_FATAL_FAILURE(expect_quantized(w, cols));
      }
}

TEST(Quantize, SubnormalWeightsStayInRange) {
  std::mt19937 random(4);
  for (const uint32_t most : {1, 63, 64, 127, 190, 300, 100'000})
    for (uint32_t cols = 1; cols <= 9; ++cols) {
      std::vector<float> w(cols);
      for (float& x : w)
        x = std::bit_cast<float>(uint32_t(random() % (most + 1) | (random() & 1) << 31));
      ASSERT_NO_FATAL_FAILURE(expect_quantized(w, cols)) << "up to " << most;
    }
}

TEST(Quantize, ADamagedWeightGivesTheSameInEveryColumn) {
  const Exact<int8_t> scratch(7);
  for (const float damaged : {NAN, INFINITY, -INFINITY})
    for (uint32_t col = 0; col < 7; ++col) {
      const Packed packed(1, 7, WeightFormat::q8, 7), first(1, 7, WeightFormat::q8, 7);
      std::vector<float> w(7, 0.5f);
      w[0] = damaged;
      model::quantize_row(first.matrix, 0, w.data(), scratch.data());
      std::swap(w[0], w[col]);
      model::quantize_row(packed.matrix, 0, w.data(), scratch.data());
      EXPECT_EQ(packed.q8(0, col), first.q8(0, 0)) << damaged << " in column " << col;
      EXPECT_EQ(packed.scale(0, 0), first.scale(0, 0));
    }
}

TEST(Pack, WholeNumbersTakeTheirScalesInBothForms) {
  std::mt19937 random(5);
  for (const auto& [rows, cols, group_size] : kShapes) {
    const Packed q8(rows, cols, WeightFormat::q8, group_size), f32(rows, cols, WeightFormat::f32, group_size);
    for (uint32_t row = 0; row < rows; ++row) {
      const Exact<int8_t> q(cols);
      for (int8_t& x : q) x = int8_t(random());
      model::pack_q8(q8.matrix, row, q.data());
      model::pack_q8(f32.matrix, row, q.data());
      std::vector<float> expected(cols);
      for (uint32_t group = 0; group < q8.matrix.groups.count; ++group) {
        const float scale = float(random() % 1000 + 1) / 127.0f;
        model::scale_group(q8.matrix, row, group, scale);
        model::scale_group(f32.matrix, row, group, scale);
        for (uint32_t col = group * group_size; col < cols && col / group_size == group; ++col)
          expected[col] = float(q[col]) * scale;
      }
      ASSERT_EQ(q8.unpack(row), expected);
      ASSERT_EQ(f32.unpack(row), expected);
      for (uint32_t col = 0; col < cols; ++col) ASSERT_EQ(q8.q8(row, col), q[col]);
    }
  }
}

}  // namespace
