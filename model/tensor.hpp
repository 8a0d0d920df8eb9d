#pragma once
#include "model/record.hpp"
#include "rt/span.hpp"

namespace model {

inline constexpr uint32_t kBlockRows = 16;  // rows interleaved in a packed block
inline constexpr uint32_t kWordCols = 4;    // int8 columns of one row that lie side by side

struct StoredType;  // formats/stored_types.hpp

/// How a matrix lies in memory.
enum class WeightFormat : uint8_t {
  f32,
  q8,      // llama2.c's int8: float scales, float sums
  exact,   // records, whose products are exact
  stored,  // as its file has it: rows can be looked up, not multiplied
};

/// How the columns of an int8 matrix fall into quantisation groups. Every group is stored as
/// `words` words of kWordCols columns; what the last word or the last group lacks is zero.
struct Groups {
  uint32_t size = 0;   // columns with one scale
  uint32_t count = 0;  // groups in a row
  uint32_t words = 0;  // stored words in a group

  static constexpr Groups of(uint32_t cols, uint32_t size) {
    return {size, (cols + size - 1) / size, (size + kWordCols - 1) / kWordCols};
  }
  /// Stored columns of one group, and of a row.
  constexpr uint32_t stride() const { return words * kWordCols; }
  constexpr uint64_t row_stride() const { return uint64_t{count} * stride(); }
};

/// Blocks of a matrix that lie behind one another in memory, and where the next ones lie.
struct Extent {
  uint8_t* data = nullptr;
  uint32_t blocks = 0;
  const Extent* next = nullptr;
};

/// A weight matrix [rows, cols] = [outputs, inputs], packed so that a SIMD lane is a row. It may lie
/// in several pieces of memory.
///
/// Rows go in blocks of kBlockRows; the last block is filled up with zeros.
///   f32: block [cols][16] floats.
///   q8:  block [group] of { [words][16 rows][4 columns] bytes, each weight + 128;
///        [16] float scales }. weight = (byte - 128) * scale.
///   exact:  block [record], see record.hpp.
///   stored: 16 rows one after the other, in blocks of the stored type.
struct Matrix {
  uint32_t rows = 0, cols = 0;
  WeightFormat format{};
  Groups groups;  // q8 only
  Extent first = {};
  Record record = {};                  // exact only
  const StoredType* stored = nullptr;  // stored only
  uint64_t stored_row_bytes = 0;

  constexpr uint32_t blocks() const { return (rows + kBlockRows - 1) / kBlockRows; }
  constexpr uint64_t group_bytes() const {
    return uint64_t{groups.words} * kWordCols * kBlockRows + kBlockRows * sizeof(float);
  }
  /// A multiple of 64 in every format.
  constexpr uint64_t block_bytes() const {
    switch (format) {
      case WeightFormat::f32: return uint64_t{cols} * kBlockRows * sizeof(float);
      case WeightFormat::q8: return groups.count * group_bytes();
      case WeightFormat::exact: return record.block_bytes(cols);
      case WeightFormat::stored: return rt::round_up(stored_row_bytes * kBlockRows, 64);
    }
    return 0;
  }
  constexpr uint64_t bytes() const { return blocks() * block_bytes(); }

  /// Blocks that lie together.
  struct Run {
    uint8_t* data = nullptr;
    uint32_t blocks = 0;
  };
  /// Of the blocks `block` (< blocks()) to `last`, exclusive, those from the first on that lie together.
  constexpr Run run(uint32_t block, uint32_t last) const {
    const uint32_t wanted = last - block;
    const Extent* extent = &first;
    for (; block >= extent->blocks; extent = extent->next) block -= extent->blocks;
    return {extent->data + block * block_bytes(), rt::min(wanted, extent->blocks - block)};
  }
  constexpr uint8_t* block(uint32_t i) const { return run(i, i + 1).data; }
};

/// What the activations that meet some matrices take once they are in the matrices' format; for one
/// vector.
struct ActivationSize {
  uint64_t columns = 0;  // int8 values
  uint64_t groups = 0;   // their scales
  uint64_t exact = 0;    // 16-bit values

  constexpr void cover(const Matrix& matrix) {
    if (matrix.format == WeightFormat::q8) {
      columns = rt::max(columns, matrix.groups.row_stride());
      groups = rt::max<uint64_t>(groups, matrix.groups.count);
    } else if (matrix.format == WeightFormat::exact) {
      exact = rt::max(exact, rt::round_up(matrix.cols, matrix.record.cols));
    }
  }
};

}  // namespace model
