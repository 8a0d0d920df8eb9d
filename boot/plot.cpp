#include "boot/plot.hpp"

namespace boot {
namespace {

constexpr uint32_t kRows = 5, kScale = 9, kMostColumns = 79 - kScale;

/// The mean of values [from, to).
float mean(const float* values, uint32_t from, uint32_t to) {
  float sum = 0;
  for (uint32_t i = from; i < to; ++i) sum += values[i];
  return to > from ? sum / float(to - from) : 0;
}

}  // namespace

void plot(platform::Console& console, const char* title, const float* values, uint32_t count) {
  if (count == 0) return;
  const uint32_t columns = rt::min(count, kMostColumns);
  float heights[kMostColumns], highest = 0;
  for (uint32_t c = 0; c < columns; ++c) {
    const auto edge = [&](uint32_t column) { return uint32_t(uint64_t{count} * column / columns); };
    heights[c] = mean(values, edge(c), edge(c + 1));
    highest = rt::max(highest, heights[c]);
  }
  rt::print(console, "%s\n", title);
  for (uint32_t row = kRows; row-- > 0;) {
    if (row == kRows - 1)
      rt::print(console, "%7.1f |", double(highest));
    else
      console.write(row == 0 ? "    0.0 |" : "        |");
    for (uint32_t c = 0; c < columns; ++c) {
      // A dot where less than half of the row is reached.
      const float filled = highest > 0 ? heights[c] / highest * kRows - float(row) : 0;
      console.write(filled >= 0.5f ? "#" : filled > 0.1f || row == 0 ? "." : " ");
    }
    console.write("\n");
  }
}

}  // namespace boot
