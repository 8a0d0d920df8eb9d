// Exact products on general registers, for machines that are emulated (swar.cpp says why): a word of 64 bits has four
// bytes of two rows; masked to one column it is two fields of 32 bits that one multiplication serves.
#include "model/exact.hpp"
#include "model/kernels/load_here.hpp"
#include "model/kernels/shared.hpp"

namespace {

#define UNROLLED _Pragma("clang loop unroll(full)")

constexpr uint32_t kRows = 16;
constexpr uint64_t kBoth = 0x0000000100000001;  // times a number below 2^32: that number in both fields

/// sum[0..3], of four pairs of rows, += their words' bytes, each masked, times `words` * 4 columns, whose pairs are
/// `step` apart. The first pair's first word is at w, its next one 64 bytes on. As in swar.cpp, the function is smaller
/// than what it is aligned to.
[[gnu::noinline, gnu::aligned(512)]] void add_words(const uint8_t* w, uint32_t words, const int16_t* q, uint64_t step,
                                                    uint64_t flip, uint64_t mask, uint64_t* sum) {
  uint64_t s[4] = {sum[0], sum[1], sum[2], sum[3]};
  for (; words; --words, w += 64, q += 2 * step) {
    keep_whole(w), keep_whole(q);
    uint64_t v[4];
    UNROLLED for (int r = 0; r < 4; ++r) v[r] = load_here(reinterpret_cast<const uint64_t*>(w)[r]) ^ flip;
    UNROLLED for (int c = 0; c < 4; ++c) {
      const auto x = static_cast<uint64_t>(int64_t{load_here(q[c % 2 * step + c / 2])});
      UNROLLED for (int r = 0; r < 4; ++r) {
        s[r] += (v[r] & mask) * x;
        if (c < 3) v[r] >>= 8;
      }
    }
  }
  UNROLLED for (int r = 0; r < 4; ++r) sum[r] = s[r];
}

/// acc[row] += (dot << up) * d[row] + unit sum * m[row], with the dots of two rows in a word, 2^spare times too large.
[[gnu::noinline, gnu::aligned(512)]] void add_unit(const uint64_t* dots, const model::ExactUnit& unit, int32_t spare,
                                                   const int32_t* d, const int32_t* m, int64_t* acc) {
  const int32_t up = unit.up, by = unit.sum;
  for (uint32_t row = 0; row < kRows; row += 2, ++dots) {
    const int64_t low = static_cast<int32_t>(*dots);
    const int64_t high = static_cast<int64_t>(*dots - static_cast<uint64_t>(low)) >> 32;
    acc[row] += ((low << up) >> spare) * d[row] + int64_t{by} * m[row];
    acc[row + 1] += ((high << up) >> spare) * d[row + 1] + int64_t{by} * m[row + 1];
  }
}

/// One group of 32 columns, added to acc; d and m are those of its first unit.
void add_group(const model::Record& r, const uint8_t* w, const int16_t* q, uint32_t together,
               const model::ExactUnit* unit, const int32_t* d, const int32_t* m, int64_t* acc) {
  const bool bytes = r.bits == 8;
  const uint32_t units = 32 / r.unit;
  const uint64_t flip = bytes ? 0x8080808080808080 : 0;
  uint64_t mask = (bytes ? 0xff : 0x0f) * kBoth;
  int32_t spare = !bytes && units == 1 ? 4 : 0;
  for (uint32_t u = 0; u < units; ++u, unit += together, d += kRows, m += kRows) {
    uint64_t sums[kRows / 2];
    // Bytes are flipped to be without sign, which adds 128 to each.
    const int64_t excess = bytes ? int64_t{unit->sum >> unit->up} * -128 : 0;
    for (uint64_t& sum : sums) sum = static_cast<uint64_t>(excess) * kBoth;
    const uint32_t words = bytes ? 8 / units : 4;
    for (uint32_t pass = bytes ? 1 : 2 / units;;) {
      add_words(w, words, q, 2 * together, flip, mask, sums);
      add_words(w + 32, words, q, 2 * together, flip, mask, sums + 4);
      q += words * 4 * together;
      if (bytes)
        w += 256;
      else
        mask <<= 4;  // the words' other halves
      if (!--pass) break;
      for (uint64_t& sum : sums) sum <<= 4;
    }
    add_unit(sums, *unit, spare, d, m, acc);
    if (!bytes) spare = 4;
  }
}

}  // namespace

void model::swar_multiply_exact(const ProductExact& p) {
  const Record r = *p.record;
  int32_t d[kMostUnits * kRows], m[kMostUnits * kRows];
  const uint32_t units = r.units / r.groups, together = p.x.together;
  for (uint32_t b = 0; b < p.blocks; ++b)
    for (uint32_t i = 0; i < p.n; ++i) {
      int64_t acc[kRows] = {};
      const uint8_t* w = p.w + uint64_t{b} * p.records * r.bytes;
      const uint32_t place = i % together;
      const uint64_t first = uint64_t{i - place} * p.x.cols;
      const int16_t* q = p.x.q + first + 2 * place;
      const ExactUnit* unit = (r.unit == 16 ? p.x.by_16 : p.x.by_32) + first / r.unit + place;
      for (uint32_t left = p.records; left; --left) {
        exact_scales(r, w, d, m);
        w += r.head_bytes;
        for (uint32_t g = 0; g < r.groups; ++g, w += r.group_bytes, q += 32 * together, unit += units * together)
          add_group(r, w, q, together, unit, d + g * units * kRows, m + g * units * kRows, acc);
      }
      float* y = p.y + i * p.y_stride + uint64_t{b} * kRows;
      for (uint32_t row = 0; row < kRows; ++row) y[row] = float(acc[row]) * p.x.scale[i];
    }
}
