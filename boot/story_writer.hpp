#pragma once
#include "boot/row_gate.hpp"
#include "boot/status_line.hpp"
#include "rt/utf.hpp"

namespace boot {

/// Shows a story as it comes, wrapped at words: a word is held back until it has ended, so that it
/// can go to the next line as a whole. Control characters that would move the cursor are left out.
class StoryWriter {
 public:
  /// `gate`: what is asked before each row but the first, or null.
  StoryWriter(platform::Console& console, StatusLine& status, RowGate* gate)
      : console_(console), status_(status), gate_(gate), width_(rt::min(console.size().columns - 1, kWidest)) {}

  /// A piece of UTF-8 text, perhaps of a character. `color`: of its letters.
  void write(rt::Text piece, platform::Color color);
  /// Brings complete words to the console. Consoles are slow by the call: where tokens come faster
  /// than people see, this is called for several of them at once.
  void flush();
  /// flush(), and what is held back.
  void finish();
  /// The gate did not let it go on: nothing more is shown.
  bool stopped() const { return stopped_; }
  /// Clock ticks for which the gate let the text wait, since the last call.
  uint64_t take_halted();

 private:
  static constexpr uint32_t kWidest = 90;    // columns: longer lines are hard to read
  static constexpr uint32_t kLongest = 200;  // bytes; a longer word is shown in parts
  static constexpr uint32_t kMostColumns = 3;  // of a character: "..." where a screen has no such letter

  void put_word();
  void new_line();
  void put(const rt::Text& text, platform::Color color);

  platform::Console& console_;
  StatusLine& status_;
  RowGate* gate_;
  bool stopped_ = false;
  uint64_t halted_ = 0;
  uint32_t width_;
  uint32_t column_ = 0;
  uint32_t bytes_ = 0, columns_ = 0;  // of the word
  rt::Utf8Decoder decoder_;
  char ready_[1024];  // complete words, of one colour
  uint32_t ready_bytes_ = 0;
  platform::Color ready_color_ = platform::Color::light_gray;
  char word_[kLongest];
  platform::Color colors_[kLongest];
};

}  // namespace boot
