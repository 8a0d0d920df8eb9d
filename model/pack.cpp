#include "model/pack.hpp"

#include "model/exact.hpp"
#include "model/formats/stored_types.hpp"
#include "rt/memory.hpp"

namespace model {
namespace {

struct Place {
  uint8_t* block;  // the packed block that holds the row
  uint32_t lane;   // the row's place in it
};

Place place_of(const Matrix& m, uint32_t row) {
  return {m.block(row / kBlockRows), row % kBlockRows};
}

uint8_t* word_at(const Matrix& m, Place at, uint32_t group, uint32_t word) {
  return at.block + group * m.group_bytes() +
         (uint64_t{word} * kBlockRows + at.lane) * kWordCols;
}

float* scale_at(const Matrix& m, Place at, uint32_t group) {
  return reinterpret_cast<float*>(at.block + (group + 1) * m.group_bytes()) - kBlockRows + at.lane;
}

uint32_t group_cols(const Matrix& m, uint32_t group) {
  return rt::min(m.groups.size, m.cols - group * m.groups.size);
}

/// Stores one group's int8 weights [group_cols()], filled up with zeros to whole words.
void store_group(const Matrix& m, Place at, uint32_t group, const int8_t* q) {
  uint8_t* to = word_at(m, at, group, 0);
  const uint32_t cols = group_cols(m, group);
  for (uint32_t col = 0; col < m.groups.stride(); col += kWordCols) {
    uint32_t four = 0;
    if (col + kWordCols <= cols)
      __builtin_memcpy(&four, q + col, kWordCols);
    else if (col < cols)
      rt::copy_bytes(&four, q + col, cols - col);
    four ^= 0x80808080u;  // + 128 in every byte
    __builtin_memcpy(to, &four, sizeof four);
    to += kBlockRows * kWordCols;
  }
}

/// Puts two rows side by side: the bits of two floats from each row at a time, on general registers,
/// which move faster than vectors where the processor is emulated.
void interleave(float* to, const float* even, const float* odd, uint32_t cols) {
  uint32_t col = 0;
  for (; col + 2 <= cols; col += 2, to += 2 * kBlockRows) {
    uint64_t a, b;
    __builtin_memcpy(&a, even + col, sizeof a);
    __builtin_memcpy(&b, odd + col, sizeof b);
    const uint64_t first = uint32_t(a) | b << 32, second = a >> 32 | (b >> 32 << 32);
    __builtin_memcpy(to, &first, sizeof first);
    __builtin_memcpy(to + kBlockRows, &second, sizeof second);
  }
  if (col < cols) to[0] = even[col], to[1] = odd[col];
}

float largest_magnitude(const float* w, uint32_t n) {
  float largest = 0;
  for (uint32_t i = 0; i < n; ++i) {
    const float magnitude = __builtin_fabsf(w[i]);
    largest = magnitude > largest ? magnitude : largest;  // false for NaN
  }
  return largest;
}

/// q[i] = w[i] / scale, rounded to the nearest, ties to even; what lies beyond a byte becomes -128 or 127, and NaN
/// -128.
void round_group(const float* w, uint32_t n, float scale, int8_t* q) {
  constexpr float kShift = 12582912.0f;  // 1.5 * 2^23: behind it there are no digits after the point
  for (uint32_t i = 0; i < n; ++i) {
    float v = w[i] / scale;
    v = v > -128.0f ? v : -128.0f;
    v = v < 127.0f ? v : 127.0f;
    q[i] = static_cast<int8_t>(__builtin_bit_cast(int32_t, v + kShift));
  }
}

}  // namespace

void pack_f32(const Matrix& m, uint32_t row, uint32_t rows, const float* weights) {
  for (uint32_t end = row + rows; row < end;) {
    const Place at = place_of(m, row);
    float* to = reinterpret_cast<float*>(at.block) + at.lane;
    const uint32_t together = at.lane % 2 == 0 && row + 1 < end ? 2 : 1;
    if (together == 2)
      interleave(to, weights, weights + m.cols, m.cols);
    else
      for (uint32_t col = 0; col < m.cols; ++col) to[uint64_t{col} * kBlockRows] = weights[col];
    row += together;
    weights += uint64_t{together} * m.cols;
  }
}

void quantize_row(const Matrix& m, uint32_t row, const float* weights, int8_t* q) {
  const Place at = place_of(m, row);
  for (uint32_t group = 0; group < m.groups.count; ++group) {
    const float* w = weights + uint64_t{group} * m.groups.size;
    const uint32_t cols = group_cols(m, group);
    const float scale = largest_magnitude(w, cols) / 127.0f;
    if (scale > 0)
      round_group(w, cols, scale, q);
    else
      rt::fill_bytes(q, 0, cols);
    store_group(m, at, group, q);
    *scale_at(m, at, group) = scale;
  }
}

void pack_q8(const Matrix& m, uint32_t row, const int8_t* weights) {
  const Place at = place_of(m, row);
  if (m.format == WeightFormat::f32) {
    float* to = reinterpret_cast<float*>(at.block) + at.lane;
    for (uint32_t col = 0; col < m.cols; ++col) to[uint64_t{col} * kBlockRows] = weights[col];
    return;
  }
  for (uint32_t group = 0; group < m.groups.count; ++group)
    store_group(m, at, group, weights + uint64_t{group} * m.groups.size);
}

void scale_group(const Matrix& m, uint32_t row, uint32_t group, float scale) {
  const Place at = place_of(m, row);
  if (m.format == WeightFormat::q8) {
    *scale_at(m, at, group) = scale;
    return;
  }
  float* to = reinterpret_cast<float*>(at.block) + at.lane;
  const uint32_t first = group * m.groups.size;
  for (uint32_t col = first; col < first + group_cols(m, group); ++col)
    to[uint64_t{col} * kBlockRows] *= scale;
}

namespace {

/// Where the q of a record's column `col` of group `group` lies, in a row's first word.
int32_t exact_q(const Record& r, const uint8_t* record, uint32_t lane, uint32_t col) {
  const uint8_t* group = record + r.head_bytes + col / 32 * r.group_bytes + lane * kWordCols + col % kWordCols;
  constexpr uint32_t kWordRow = kBlockRows * kWordCols;
  if (r.bits == 8) return static_cast<int8_t>(group[col % 32 / kWordCols * kWordRow]);
  return group[col % 16 / kWordCols * kWordRow] >> col % 32 / 16 * 4 & 15;
}

/// weight = D * (q - zero) + M, rounded after each step as ggml's dequantize_row_* rounds.
void unpack_exact(const Matrix& m, Place at, float* out) {
  const Record& r = m.record;
  int32_t d[kMostUnits * kBlockRows], start[kMostUnits * kBlockRows];
  const uint8_t* record = at.block;
  for (uint32_t first = 0; first < m.cols; first += r.cols, record += r.bytes) {
    exact_scales(r, record, d, start);
    for (uint32_t col = 0; col < rt::min<uint32_t>(r.cols, m.cols - first); ++col) {
      const uint32_t unit = col / r.unit * kBlockRows + at.lane;
      const int32_t q = exact_q(r, record, at.lane, col) - (r.minimum ? 0 : r.zero);
      const float product = float(d[unit]) * 0x1p-24f * float(q);
      out[first + col] = r.minimum ? product + float(start[unit]) * 0x1p-24f : product;
    }
  }
}

}  // namespace

void unpack_row(const Matrix& m, uint32_t row, float* out) {
  const Place at = place_of(m, row);
  if (m.format == WeightFormat::exact) return unpack_exact(m, at, out);
  if (m.format == WeightFormat::stored)
    return unpack(*m.stored, at.block + at.lane * m.stored_row_bytes, m.cols, out);
  if (m.format == WeightFormat::f32) {
    const float* from = reinterpret_cast<const float*>(at.block) + at.lane;
    for (uint32_t col = 0; col < m.cols; ++col) out[col] = from[uint64_t{col} * kBlockRows];
    return;
  }
  for (uint32_t group = 0; group < m.groups.count; ++group) {
    const float scale = *scale_at(m, at, group);
    float* to = out + uint64_t{group} * m.groups.size;
    for (uint32_t i = 0; i < group_cols(m, group); ++i)
      to[i] = float(word_at(m, at, group, i / kWordCols)[i % kWordCols] - 128) * scale;
  }
}

}  // namespace model
