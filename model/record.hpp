#pragma once
#include <stdint.h>

namespace model {

/// How the weights of a quantised matrix lie in memory: as their file has them, in another order, so that a SIMD lane
/// is a row (tensor.hpp). What a kernel makes of them is in exact.hpp.
///
///     weight = D * (q - zero) + M        D and M: one for each unit of 16 or 32 columns of a row
///
/// Rows go in blocks of 16, columns in records; the last record of a row is filled up with D = M = 0. A record is
///   one level of scales, 64 columns:   D [2][16] half floats; M [2][16] half floats, if it has minimums;
///   two levels, 256 columns:           d [16], m [16] half floats; scale [units][16] int8; minimum [units][16] int8,
///                                      if it has minimums; D = d * scale, M = m * minimum;
/// and for each group of 32 columns
///   4 bits:  [4][16] words of 32 bits: byte b of word v has column 4v + b in its low half, 16 + 4v + b in its
///            high half;
///   8 bits:  [8][16] words of 32 bits: byte b of word v is column 4v + b, signed.
/// Everything is a multiple of 64 bytes.
struct Record {
  uint8_t bits = 0;  // of a q: 4 or 8
  uint8_t zero = 0;  // 0 with 8 bits
  uint8_t unit = 0;  // columns with one D: 16 or 32
  bool two_levels = false, minimum = false;
  // What follows from these; kernels use no functions of headers.
  uint16_t cols = 0, groups = 0, units = 0;
  uint16_t head_bytes = 0, group_bytes = 0, bytes = 0;

  static constexpr Record of(uint8_t bits, uint8_t zero, uint8_t unit, bool two_levels, bool minimum) {
    Record r{bits, zero, unit, two_levels, minimum};
    r.cols = two_levels ? 256 : 64;
    r.groups = r.cols / 32;
    r.units = r.cols / unit;
    const uint16_t scales = two_levels ? r.units * 16 : r.units * 32;
    r.head_bytes = static_cast<uint16_t>((two_levels ? 64 : 0) + scales * (minimum ? 2 : 1));
    r.group_bytes = bits * 64;
    r.bytes = static_cast<uint16_t>(r.head_bytes + r.groups * r.group_bytes);
    return r;
  }
  /// Records in a row of `n` columns, and bytes of a block of 16 rows.
  constexpr uint64_t in_row(uint64_t n) const { return (n + cols - 1) / cols; }
  constexpr uint64_t block_bytes(uint64_t n) const { return in_row(n) * bytes; }
};

inline constexpr uint32_t kMostUnits = 16;  // in a record

}  // namespace model
