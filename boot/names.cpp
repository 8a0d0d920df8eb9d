#include "boot/names.hpp"

namespace boot {
namespace {

/// Levenshtein's distance: how many letters must be put in, left out or changed to make one word of the other.
uint32_t distance(const rt::Text& a, const rt::Text& b) {
  constexpr uint32_t kLongest = 16;
  if (a.size > kLongest || b.size > kLongest) return kLongest;
  uint8_t row[kLongest + 1];
  for (uint32_t j = 0; j <= b.size; ++j) row[j] = uint8_t(j);
  for (uint32_t i = 0; i < a.size; ++i) {
    uint32_t diagonal = row[0];
    row[0] = uint8_t(i + 1);
    for (uint32_t j = 0; j < b.size; ++j) {
      const uint32_t change = diagonal + (a[i] != b[j]);
      diagonal = row[j + 1];
      row[j + 1] = uint8_t(rt::min(change, 1 + rt::min<uint32_t>(row[j], row[j + 1])));
    }
  }
  return row[b.size];
}

/// Are they the same name? Between its words stands - or _: whoever types need not know which.
bool same(const rt::Text& a, const rt::Text& b) {
  const auto letter = [](char c) { return c == '-' ? '_' : c; };
  uint64_t i = 0;
  while (i < a.size && i < b.size && letter(a[i]) == letter(b[i])) ++i;
  return i == a.size && i == b.size;
}

}  // namespace

uint32_t Names::find(const rt::Text& name) const {
  uint32_t i = 0;
  while (i < count && !same((*this)[i], name)) ++i;
  return i;
}

rt::Text Names::nearest(const rt::Text& word) const {
  rt::Text best;
  // Of a short word, two changed letters leave nothing.
  uint32_t least = word.size < 4 ? 2 : 3;
  for (uint32_t i = 0; i < count; ++i)
    if (const uint32_t d = distance(word, (*this)[i]); d < least) {
      least = d;
      best = (*this)[i];
    }
  return best;
}

const rt::Error& no_such(const char* what, const rt::Text& name, const rt::Text& nearest, const char* else_see) {
  if (nearest.empty()) return rt::fail(rt::Errc::usage, 0, "there is no %s'%pT' (%s)", what, &name, else_see);
  return rt::fail(rt::Errc::usage, 0, "there is no %s'%pT'; did you mean '%pT'?", what, &name, &nearest);
}

}  // namespace boot
