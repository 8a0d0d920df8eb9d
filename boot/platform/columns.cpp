#include "boot/platform/columns.hpp"

#include "boot/platform/plain_text.hpp"

namespace platform {
namespace {

struct Range {
  char32_t first, last;
};
// Unicode 15, EastAsianWidth.txt: W and F, with the gaps between them where nobody would miss a column.
constexpr Range kWide[] = {{0x1100, 0x115f},   {0x2e80, 0x303e},   {0x3041, 0xa4cf},   {0xac00, 0xd7a3},
                           {0xf900, 0xfaff},   {0xfe30, 0xfe6f},   {0xff01, 0xff60},   {0xffe0, 0xffe6},
                           {0x1f300, 0x1f64f}, {0x1f680, 0x1f6ff}, {0x1f900, 0x1faff}, {0x20000, 0x3fffd}};
constexpr Range kMarks[] = {{0x300, 0x36f}, {0x200d, 0x200d}, {0xfe00, 0xfe0f}};

bool is_in(rt::Span<const Range> ranges, char32_t character) {
  for (const Range& range : ranges)
    if (character >= range.first && character <= range.last) return true;
  return false;
}

}  // namespace

uint32_t columns_of(char32_t character) {
  if (is_in({kMarks, sizeof kMarks / sizeof kMarks[0]}, character)) return 0;
  if (plain_text(character).empty()) return kNoColumns;
  return is_in({kWide, sizeof kWide / sizeof kWide[0]}, character) ? 2 : 1;
}

}  // namespace platform
