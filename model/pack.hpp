#pragma once
#include "model/tensor.hpp"

namespace model {

/// Puts float weights [rows, cols] in place as rows `row`, `row` + 1, ... of a packed f32 matrix.
/// Two rows from an even one on go together, which is twice as fast.
void pack_f32(const Matrix& matrix, uint32_t row, uint32_t rows, const float* weights);

/// Quantises float weights [cols] and puts them in place as row `row` of a packed q8 matrix.
/// Per group: scale = max |w| / 127, weight = w / scale rounded to nearest, ties to even (export.py
/// of llama2.c, quantize_q80). A group of zeros has scale 0. `scratch`: [groups.size].
void quantize_row(const Matrix& matrix, uint32_t row, const float* weights, int8_t* scratch);

/// Puts int8 weights [cols] in place as row `row`: into a q8 matrix as they are, into an f32
/// matrix as whole numbers that scale_group() will scale.
void pack_q8(const Matrix& matrix, uint32_t row, const int8_t* weights);

/// Gives the columns of group `group` (of matrix.groups, which an f32 matrix filled by pack_q8 has
/// too) in row `row` their scale.
void scale_group(const Matrix& matrix, uint32_t row, uint32_t group, float scale);

/// Reads row `row` back as floats [cols].
void unpack_row(const Matrix& matrix, uint32_t row, float* out);

}  // namespace model
