#pragma once
#include "model/exact.hpp"

// The steps of exact products that vectors of any width take; the rest is done once for all of them.
namespace model {

/// What the steps work on. Sums of a vector: [16] int64, in runs of as many rows as a register has lanes of 32 bits,
/// the even rows of a run before the odd ones.
struct ExactRun {
  Record record;
  bool with_m;      // M is not zero
  const uint8_t* w;  // a block's records
  uint32_t records;
  const int16_t* q;       // of the first vector, at the first record's first column
  const ExactUnit* unit;  // likewise
  int64_t* sums;
  int32_t* d;      // [units][16]
  int32_t* m;      // [units][16]
  int16_t* pairs;  // [pairs of columns][16] pairs
};

struct ExactSteps {
  uint32_t lanes, together;  // 32-bit lanes of a register; vectors in `many`
  /// Adds the product of all records and one vector, laid out for one.
  void (*one)(const ExactRun&);
  /// Makes d, m and pairs of the first record.
  void (*expand)(const ExactRun&);
  /// Adds the products of what expand() made and `together` vectors, laid out for kExactBatch.
  void (*many)(const ExactRun&);
};

/// Kernels::multiply_exact by these steps.
void multiply_records(const ProductExact& p, const ExactSteps& steps);

}  // namespace model
