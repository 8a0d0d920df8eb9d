// Exact products in plain C++: the meaning of every kernel of them.
#include "model/exact.hpp"
#include "model/kernels/shared.hpp"

namespace model {
namespace {

constexpr uint32_t kRows = 16;

int16_t half_at(const uint8_t* p) {
  int16_t half;
  __builtin_memcpy(&half, p, sizeof half);
  return half;
}

/// A half float times 2^24. Without a branch, which is slow where the processor is emulated.
int64_t fixed(int64_t half) {
  const int64_t exponent = half >> 10 & 31, normal = (exponent + 31) >> 5;
  const int64_t magnitude = ((half & 1023) | normal << 10) << (exponent - normal), sign = half >> 15;
  return (magnitude ^ sign) - sign;
}

/// out[i] = `count` half floats times 2^24, times `by`; four at a time, as loads and stores are slow there too.
void fixed_of(const uint8_t* halves, uint32_t count, int64_t by, int32_t* out) {
  for (; count; count -= 4, halves += 8, out += 4) {
    int64_t four, fixed_four[4];
    __builtin_memcpy(&four, halves, sizeof four);
    for (int i = 0; i < 4; ++i, four >>= 16) fixed_four[i] = fixed(static_cast<int16_t>(four)) * by;
    for (int i = 0; i < 4; i += 2) {
      const int64_t both = static_cast<uint32_t>(fixed_four[i]) | fixed_four[i + 1] << 32;
      __builtin_memcpy(out + i, &both, sizeof both);
    }
  }
}

/// The q of a weight in row `row` and column `col` of a group.
int32_t weight(uint32_t bits, const uint8_t* group, uint32_t row, uint32_t col) {
  if (bits == 8) return static_cast<int8_t>(group[col / 4 * 64 + row * 4 + col % 4]);
  return group[col % 16 / 4 * 64 + row * 4 + col % 4] >> col / 16 * 4 & 15;
}

}  // namespace

void exact_scales(const Record& r, const uint8_t* record, int32_t* d, int32_t* m) {
  if (!r.two_levels) {
    const uint32_t count = r.units * kRows;
    fixed_of(record, count, 1, d);
    if (r.minimum) fixed_of(record + 2 * count, count, 1, m);
    else fixed_of(record, count, -r.zero, m);
    return;
  }
  for (uint32_t row = 0; row < kRows; ++row) {
    const auto* byte = reinterpret_cast<const int8_t*>(record + 64 + row);
    const int64_t factor = fixed(half_at(record + 2 * row)), factor_m = fixed(half_at(record + 32 + 2 * row));
    for (uint32_t u = 0, at = row; u < r.units; ++u, at += kRows) {
      const int64_t step = factor * byte[16 * u];
      d[at] = static_cast<int32_t>(step);
      m[at] = static_cast<int32_t>(r.minimum ? factor_m * byte[16 * (r.units + u)] : -step * r.zero);
    }
  }
}

void scalar_multiply_exact(const ProductExact& p) {
  const Record r = *p.record;
  const uint32_t together = p.x.together;
  const uint8_t* w = p.w;
  for (uint32_t b = 0; b < p.blocks; ++b, w += uint64_t{p.records} * r.bytes)
    for (uint32_t i = 0; i < p.n; ++i) {
      int32_t d[kMostUnits * kRows], m[kMostUnits * kRows];
      int64_t sum[kRows] = {};
      const uint32_t place = i % together;
      const uint64_t first = uint64_t{i - place} * p.x.cols;
      const int16_t* q = p.x.q + first + 2 * place;
      const ExactUnit* unit = (r.unit == 16 ? p.x.by_16 : p.x.by_32) + first / r.unit + place;
      for (uint32_t record = 0; record < p.records; ++record, q += r.cols * together) {
        const uint8_t* data = w + uint64_t{record} * r.bytes;
        exact_scales(r, data, d, m);
        for (uint32_t u = 0; u < r.units; ++u, unit += together)
          for (uint32_t row = 0; row < kRows; ++row) {
            int32_t dot = 0;
            for (uint32_t c = u * r.unit; c < (u + 1) * r.unit; ++c)
              dot += weight(r.bits, data + r.head_bytes + c / 32 * r.group_bytes, row, c % 32) *
                     q[2 * together * (c / 4 * 2 + c % 2) + c % 4 / 2];
            sum[row] += int64_t{dot * (1 << unit->up)} * d[u * kRows + row] + int64_t{unit->sum} * m[u * kRows + row];
          }
      }
      float* y = p.y + i * p.y_stride + uint64_t{b} * kRows;
      for (uint32_t row = 0; row < kRows; ++row) y[row] = float(sum[row]) * p.x.scale[i];
    }
}

}  // namespace model
