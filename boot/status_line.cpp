#include "boot/status_line.hpp"

#include "boot/platform/screen.hpp"
#include "rt/utf.hpp"

namespace boot {

StatusLine::StatusLine(platform::Console& console)
    : console_(console), size_(console.size()),
      enabled_(size_.rows > 10 && platform::has_screen() && !platform::has_serial_line()) {}

void StatusLine::show(rt::Text text) {
  if (!enabled_) return;
  const platform::Console::Position story = console_.position();
  if (story.row + 1 >= size_.rows) return;
  console_.move_to({0, size_.rows - 1});
  const platform::Console::Attribute before = console_.attribute();
  console_.set_color(platform::Color::cyan);
  console_.write(rt::clip(text, size_.columns - 1));
  console_.clear_line_end();
  console_.set_attribute(before);
  console_.move_to(story);
  shown_ = true;
}

void StatusLine::hide() {
  if (!shown_) return;
  shown_ = false;
  const platform::Console::Position story = console_.position();
  console_.move_to({0, size_.rows - 1});
  console_.clear_line_end();
  console_.move_to(story);
}

void StatusLine::before_new_line() {
  if (!enabled_ || console_.position().row + 2 < size_.rows) return;
  hide();
  console_.write("\n\n");  // from the last row, this scrolls by one
  console_.move_to({0, size_.rows - 3});
}

}  // namespace boot
