#pragma once
#include "model/record.hpp"
#include "rt/result.hpp"

namespace model {

inline constexpr uint32_t kMostBlockCols = 256;

/// One block of a file, taken apart. weight = D * (q - zero) + M (record.hpp), where D and M of unit u are
/// d and m, or d * scale[u] and m * minimum[u].
struct StoredBlock {
  uint16_t d = 0, m = 0;  // half floats
  int8_t scale[16], minimum[16];
  alignas(8) int8_t q[kMostBlockCols];
};

/// A way in which GGUF files store the numbers of a tensor.
struct StoredType {
  uint32_t id;  // ggml's number
  const char* name;
  uint16_t block_cols, block_bytes;
  void (*take_apart)(const uint8_t* block, StoredBlock& out);  // null: the type is a float
  Record record;  // that keeps such weights without loss; of floats: none, its bits are 0

  constexpr bool quantized() const { return take_apart != nullptr; }
  /// Bytes of `cols` numbers, a multiple of block_cols.
  constexpr uint64_t bytes(uint64_t cols) const { return cols / block_cols * block_bytes; }
};

/// All numbers of types that we have are below this.
inline constexpr uint32_t kStoredTypeIds = 32;

/// The type with this number of ggml's, or null.
const StoredType* find_stored_type(uint32_t id);

/// out[0..cols) = the numbers, rounded as ggml's dequantize_row_* does. cols: a multiple of type.block_cols.
void unpack(const StoredType& type, const uint8_t* from, uint64_t cols, float* out);

enum class Packed : uint8_t {
  ok,
  not_finite,  // a scale is infinite or not a number
  too_large    // weights so large that exact sums could pass 64 bits: from 128 on
};

/// Puts a row of a quantised type in place as row `lane` of a block of records (record.hpp), which was zero at first.
/// cols: a multiple of type.block_cols.
Packed pack_row(const StoredType& type, const uint8_t* from, uint64_t cols, uint8_t* block, uint32_t lane);

/// 32 floats as a block of Q8_0 [34]: scale = max |x| / 127 as a half float, q = x / scale rounded to the nearest.
/// Fails where that scale is not finite.
bool round_to_q8_0(const float* x, uint8_t* block);

/// A half float's value, and the half float nearest to x, ties to even; both exact for what is infinite.
float half_to_float(uint16_t half);
uint16_t float_to_half(float x);

}  // namespace model
