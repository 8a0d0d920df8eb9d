#pragma once
#include "rt/span.hpp"

namespace model {

inline constexpr uint32_t kBlockRows = 16;  // rows interleaved in a packed block
inline constexpr uint32_t kWordCols = 4;    // int8 columns of one row that lie side by side

enum class DType : uint8_t { f32, q8 };

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

/// A weight matrix [rows, cols] = [outputs, inputs], packed so that a SIMD lane is a row.
///
/// Rows go in blocks of kBlockRows; the last block is filled up with zeros.
///   f32: block [cols][16] floats.
///   q8:  block [group] of { [words][16 rows][4 columns] bytes, each weight + 128;
///        [16] float scales }. weight = (byte - 128) * scale.
struct Matrix {
  uint8_t* data = nullptr;
  uint32_t rows = 0, cols = 0;
  DType dtype{};
  Groups groups;  // q8 only

  constexpr uint32_t blocks() const { return (rows + kBlockRows - 1) / kBlockRows; }
  constexpr uint64_t group_bytes() const {
    return uint64_t{groups.words} * kWordCols * kBlockRows + kBlockRows * sizeof(float);
  }
  constexpr uint64_t block_bytes() const {
    return dtype == DType::f32 ? uint64_t{cols} * kBlockRows * sizeof(float)
                               : groups.count * group_bytes();
  }
  constexpr uint64_t bytes() const { return blocks() * block_bytes(); }
};

}  // namespace model
