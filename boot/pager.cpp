#include "boot/pager.hpp"

namespace boot {

void Pager::begin() {
  constexpr uint32_t kKept = 3;  // rows: what the user typed, and two to find the place again
  rows_ = 0;
  most_ = rt::max(terminal_.console.size().rows, 2 * kKept) - kKept;
}

bool Pager::next_row() {
  constexpr rt::Text kAsks = "-- more: any key; Esc: no --";
  if (++rows_ < most_) return true;
  rows_ = 0;
  const platform::Console::Attribute before = terminal_.console.attribute();
  terminal_.console.set_color(platform::Color::cyan);
  terminal_.console.write(kAsks);
  terminal_.console.set_attribute(before);
  platform::Key key;
  const bool more = !terminal_.keyboard.wait(key) || !key.is_stop();
  char blanks[kAsks.size];
  for (char& blank : blanks) blank = ' ';
  terminal_.console.write("\r");
  terminal_.console.write({blanks, sizeof blanks});
  terminal_.console.write("\r");
  return more;
}

}  // namespace boot
