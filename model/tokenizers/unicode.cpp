#include "model/tokenizers/unicode.hpp"

#include "model/tokenizers/unicode_table.hpp"

namespace model {

rt::Result<CharClasses> CharClasses::unpack(rt::Arena& arena) {
  rt::Result<rt::Span<uint32_t>> runs = arena.make_raw<uint32_t>(kUnicodeRuns);
  if (!runs) return runs.error();
  const uint8_t* from = kUnicodeTable;
  uint32_t first = 0;
  for (uint32_t& run : *runs) {
    uint32_t value = 0;
    for (uint32_t shift = 0;; shift += 7) {
      value |= (*from & 0x7fu) << shift;
      if (*from++ < 0x80) break;
    }
    run = first << 2 | (value & 3);
    first += value >> 2;
  }
  CharClasses classes;
  classes.runs_ = *runs;
  return classes;
}

CharClass CharClasses::of(char32_t c) const {
  if (c > 0x10ffff) return CharClass::other;
  uint64_t low = 0, high = runs_.count;  // the run is at low or above it, and below high
  while (high - low > 1) {
    const uint64_t middle = (low + high) / 2;
    (runs_[middle] >> 2 <= c ? low : high) = middle;
  }
  return CharClass(runs_[low] & 3);
}

}  // namespace model
