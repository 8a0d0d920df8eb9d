#pragma once
#include <stdint.h>

#include "model/exact.hpp"
#include "rt/cpu_features.hpp"

namespace model {

/// A run of packed f32 blocks times `n` activation vectors.
struct ProductF32 {
  const float* w;   // [blocks][cols][16]
  uint32_t blocks, cols;
  const float* x;   // [n][cols], one every x_stride floats
  uint32_t n;
  uint64_t x_stride;
  float* y;         // [n][blocks * 16], one every y_stride floats
  uint64_t y_stride;
};

/// Activation vectors in int8, in the groups of the matrix that they will meet (tensor.hpp).
/// Columns that pad a word or a group are zero.
struct Quantized {
  int8_t* q;        // [n][groups * words * 4], the plain values
  int16_t* pairs;   // the same, each word of four as columns 0, 2, 1, 3
  float* scale;     // [n][groups]
  int32_t* offset;  // [n][groups]: -128 times the sum of q, what the + 128 of the weights adds
};

/// A run of packed q8 blocks times `n` activation vectors.
struct ProductQ8 {
  const uint8_t* w;  // [blocks][groups] of { [words][16][4] bytes, [16] floats }
  uint32_t blocks, groups, words;
  Quantized x;
  uint32_t n;
  float* y;          // [n][blocks * 16], one every y_stride floats
  uint64_t y_stride;
};

/// Float vectors on their way into int8.
struct Quantization {
  const float* x;    // [n][cols], one every x_stride floats
  uint32_t n, cols;
  uint64_t x_stride;
  uint32_t group_size, groups, words;
  Quantized out;
};

/// One head of attention at one position.
struct Head {
  const float* q;       // [dim]
  const float* keys;    // [steps / 16, rounded up][dim][16]: a lane is a time step
  const float* values;  // [steps][value_stride], of which the first `value_lanes` are this head's
  uint32_t dim, steps;
  uint32_t value_lanes;  // dim rounded up to a multiple of 16
  uint64_t value_stride;
  float divisor;         // sqrt(dim)
  float* weights;       // scratch [steps rounded up to a multiple of 16]
  float* out;           // [value_lanes]
};

/// The inner loops for one instruction set. Every set gives the same bits as the scalar one, which
/// is written to be read. y, keys, values and packed weights are 64-byte aligned.
struct Kernels {
  const char* name;
  rt::CpuFeatures needs;
  /// y[i][r] = sum over columns j, ascending, of w[r][j] * x[i][j]; multiplied, rounded, added.
  void (*multiply_f32)(const ProductF32&);
  /// y[i][r] = sum over groups g, ascending, of (float(dot) * w_scale) * x_scale, where dot is the
  /// exact sum over the group's columns of (w - 128) * q.
  void (*multiply_q8)(const ProductQ8&);
  /// The exact product of a matrix of records (exact.hpp).
  void (*multiply_exact)(const ProductExact&);
  /// Per group: scale = max |x| / 127, q = x / scale rounded to nearest, ties away from zero
  /// (runq.c of llama2.c, quantize). A group of zeros, or with no finite scale, has q = 0.
  void (*quantize)(const Quantization&);
  /// weights[t] = (sum over j, ascending, of q[j] * keys[t][j]) / divisor, for all whole blocks of 16 steps
  void (*score)(const Head&);
  /// out[j] = sum over t, ascending, of weights[t] * values[t][j]
  void (*mix)(const Head&);
  /// x[i] = e^(x[i] - shift), as rt::exp
  void (*exp)(float* x, uint32_t n, float shift);
};

/// The meaning of every set. The others are their architecture's: x86_64/shared.hpp, aarch64/shared.hpp.
extern const Kernels kScalarKernels;

}  // namespace model
