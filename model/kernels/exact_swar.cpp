// Exact products on general registers, for machines that are emulated (swar.cpp says why): a word of 64 bits has four
// bytes of two rows; masked to one column it is two fields of 32 bits that one multiplication serves.
//
// A load costs TCG as much as a dozen operations, and what was changed before it is written back; a branch or a call
// writes back all. So a word is loaded once, four activations come at once, and their use has no branches.
#include "model/exact.hpp"
#include "model/kernels/load_here.hpp"
#include "model/kernels/shared.hpp"
#include "model/kernels/tile.hpp"

namespace {

constexpr uint32_t kRows = 16;
constexpr uint64_t kBoth = 0x0000000100000001;  // times a number below 2^32: that number in both fields
constexpr uint64_t kFlip = 0x8080808080808080;  // adds 128 to signed bytes, which makes them unsigned

constexpr uint32_t kMinimums = model::kMostUnits * kRows;  // of a record's scales: from a D' to its M'

/// sums[0..1], of two pairs of rows, += their products with columns 0 to 15; sums[2..3] those with 16 to 31.
template <bool kBytes>
[[gnu::always_inline]] inline void add_columns(const uint8_t* w, const int16_t* q, uint64_t (&sums)[4]) {
  constexpr uint64_t kMask = (kBytes ? 0xff : 0x0f) * kBoth;
  ROLLED for (uint32_t word = 4; word; --word, w += 64, q += 4) {
    keep_here(w), keep_here(q);
    uint64_t v[2] = {};
    UNROLLED for (int half = 0; half < 2; ++half) {
      const auto* words = reinterpret_cast<const uint64_t*>(w + 256 * half);
      if (kBytes || !half) UNROLLED for (int r = 0; r < 2; ++r) v[r] = load_here(words[r]) ^ (kBytes ? kFlip : 0);
      // Columns 0, 2, 1 and 3.
      auto four = static_cast<int64_t>(load_here(*reinterpret_cast<const uint64_t*>(q + 16 * half)));
      UNROLLED for (int i = 0; i < 4; ++i, four >>= 16) {
        const auto x = static_cast<uint64_t>(int64_t{static_cast<int16_t>(four)});
        const int shift = (i == 1 ? 16 : i == 2 ? 8 : 8 * i) + (kBytes ? 0 : 4 * half);
        UNROLLED for (int r = 0; r < 2; ++r) {
          sums[2 * half + r] += (v[r] >> shift & kMask) * x;
          keep_here(sums[2 * half + r]);
        }
      }
    }
  }
}

/// acc[0..3] += dot * 2^up * d[0..3] + sum * m[0..3], with m behind d, and the dots of two rows in a word.
[[gnu::always_inline]] inline void add_scaled(const uint64_t* dots, const model::ExactUnit* unit, const int32_t* d,
                                              int64_t* acc) {
  const int32_t* m = d + kMinimums;
  const auto both = static_cast<int64_t>(load_here(*reinterpret_cast<const uint64_t*>(unit)));
  const int64_t sum = static_cast<int32_t>(both), by = int64_t{1} << (both >> 32);
  UNROLLED for (int r = 0; r < 4; r += 2, ++dots) {
    const auto ds = static_cast<int64_t>(load_here(*reinterpret_cast<const uint64_t*>(d + r)));
    const auto ms = static_cast<int64_t>(load_here(*reinterpret_cast<const uint64_t*>(m + r)));
    const int64_t low = static_cast<int32_t>(*dots),
                  high = static_cast<int64_t>(*dots - static_cast<uint64_t>(low)) >> 32;
    acc[r] += low * by * static_cast<int32_t>(ds) + sum * static_cast<int32_t>(ms);
    acc[r + 1] += high * by * (ds >> 32) + sum * (ms >> 32);
  }
}

/// What was added to the bytes of a unit, taken off again, for both fields of a sum.
uint64_t excess(const model::ExactUnit& unit) {
  return static_cast<uint64_t>(int64_t{unit.sum >> unit.up} * -128) * kBoth;
}

/// acc [kRows] += a record's products with one vector. d: its D', and M' behind. Smaller than what it is aligned to, as
/// in swar.cpp.
template <bool kBytes>
[[gnu::noinline, gnu::aligned(2048)]] void add_record(const model::Record& r, const uint8_t* w, const int16_t* q,
                                                      const model::ExactUnit* unit, const int32_t* d,
                                                      int64_t* acc) {
  const bool two = r.unit == 16;  // units in a group
  for (uint32_t left = r.groups; left; --left) {
    const uint64_t first = kBytes ? excess(unit[0]) : 0, second = kBytes && two ? excess(unit[1]) : 0;
    ROLLED for (uint32_t row = 0; row < kRows; row += 4) {
      uint64_t sums[4] = {first, first, second, second};
      add_columns<kBytes>(w + 4 * row, q, sums);
      if (two) add_scaled(sums + 2, unit + 1, d + kRows + row, acc + row);
      else sums[0] += sums[2], sums[1] += sums[3];
      add_scaled(sums, unit, d + row, acc + row);
    }
    w += kBytes ? 512 : 256;
    q += 32;
    unit += 1 + two;
    d += two ? 2 * kRows : kRows;
  }
}

/// A record's part of one vector, taken out of a batch.
struct Part {
  alignas(8) int16_t q[256];
  model::ExactUnit unit[model::kMostUnits];

  Part(const model::Record& r, const int16_t* from, const model::ExactUnit* units) {
    for (uint32_t i = 0; i < r.cols; i += 2, from += 2 * model::kExactBatch) __builtin_memcpy(q + i, from, 4);
    ROLLED for (uint32_t i = 0; i < r.units; ++i) unit[i] = units[i * model::kExactBatch];
  }
};

}  // namespace

void model::swar_multiply_exact(const ProductExact& p) {
  const Record& r = *p.record;
  const uint32_t together = p.x.together;
  const auto add = r.bits == 8 ? add_record<true> : add_record<false>;
  for (uint32_t b = 0; b < p.blocks; ++b)
    for (uint32_t first = 0; first < p.n; first += together) {
      const uint8_t* w = p.w + uint64_t{b} * p.records * r.bytes;
      const int16_t* q = p.x.q + first * p.x.cols;
      const ExactUnit* unit = (r.unit == 16 ? p.x.by_16 : p.x.by_32) + first * p.x.cols / r.unit;
      const uint32_t n = p.n - first < together ? p.n - first : together;
      int64_t acc[kExactBatch * kRows];
      ROLLED for (uint32_t i = 0; i < n * kRows; ++i) acc[i] = 0;
      for (uint32_t left = p.records; left; --left) {
        int32_t scales[2 * kMinimums];
        exact_scales(r, w, scales, scales + kMinimums);
        for (uint32_t i = 0; i < n; ++i) {
          if (together == 1) {
            add(r, w + r.head_bytes, q, unit, scales, acc);
          } else {
            const Part part(r, q + 2 * i, unit + i);
            add(r, w + r.head_bytes, part.q, part.unit, scales, acc + i * kRows);
          }
        }
        w += r.bytes;
        q += r.cols * together;
        unit += r.units * together;
      }
      float* y = p.y + first * p.y_stride + uint64_t{b} * kRows;
      for (uint32_t i = 0; i < n; ++i, y += p.y_stride)
        ROLLED for (uint32_t row = 0; row < kRows; ++row) y[row] = float(acc[i * kRows + row]) * p.x.scale[first + i];
    }
}
