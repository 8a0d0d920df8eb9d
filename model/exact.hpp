#pragma once
#include <stdint.h>

#include "model/record.hpp"

namespace model {

/// The columns of one D (record.hpp) in an activation vector: the sum of their q * 2^up.
struct ExactUnit {
  int32_t sum, up;
};

/// Activations for exact products: 16-bit integers, block floating point. A vector has one scale s = max |x| / 32767, a
/// group of 32 columns a shift: the largest k of 0 to 4 with max |group| * 2^k <= max |x|.
///
///     x is about  q * 2^up * s / 16,   q = x * 2^k / s to the nearest, ties to even,   up = 4 - k
///
/// With D and M of a weight as multiples D' and M' of 2^-24, and the weight's own q as w,
///
///     y = float( sum over units of  D' * ((sum of (w - zero) * q) * 2^up) + M' * ((sum of q) * 2^up) ) * (s * 2^-28)
///
/// where the sum is an integer of 64 bits, exact: layouts, instruction sets and cores can take it in any order.
///
/// One vector lies by itself; several are interleaved in batches of kExactBatch, and there is room for whole batches.
struct ExactVectors {
  int16_t* q;        // [batches][cols / 2][together] pairs of columns, of which each four are 0 and 2, 1 and 3
  ExactUnit* by_32;  // [batches][cols / 32][together]
  ExactUnit* by_16;  // [batches][cols / 16][together]
  float* scale;      // [n] s * 2^-28; NaN if a number of the vector is not finite
  uint64_t cols;     // a multiple of 64; those that the matrix does not have are zero
  uint32_t together;  // 1 for one vector, else kExactBatch

  /// The columns that a vector of `n` takes.
  static constexpr uint64_t padded(uint64_t n) { return (n + 63) & ~uint64_t{63}; }
};
inline constexpr uint32_t kExactBatch = 8;

/// Makes vector `i` of `out` from x [cols].
void quantize_exact(const float* x, uint32_t cols, const ExactVectors& out, uint32_t i);

/// A run of blocks of records times `n` activation vectors.
struct ProductExact {
  const uint8_t* w;  // [blocks][records]
  const Record* record;
  uint32_t blocks, records;
  ExactVectors x;
  uint32_t n;  // 1 where x.together is 1, else more than 1
  float* y;  // [n][blocks * 16], one every y_stride floats
  uint64_t y_stride;
};

/// The D' and M' of a record's units: [units][16]. Without minimums M' is what `zero` makes of D'.
void exact_scales(const Record&, const uint8_t* record, int32_t* d, int32_t* m);

}  // namespace model
