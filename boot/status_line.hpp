#pragma once
#include "boot/platform/console.hpp"

namespace boot {

/// The last row of a screen, which shows how a story is getting on. Where the console may be on a
/// serial line, too, there is none: terminals differ in how many rows they have.
class StatusLine {
 public:
  explicit StatusLine(platform::Console& console);
  StatusLine(const StatusLine&) = delete;
  ~StatusLine() { hide(); }

  /// Shows `text` in place of what was there; the cursor stays.
  void show(rt::Text text);
  void hide();
  /// Before a line of the story ends: makes room where the next one would be on the last row.
  void before_new_line();

 private:
  platform::Console& console_;
  platform::Console::Size size_;
  bool enabled_, shown_ = false;
};

}  // namespace boot
