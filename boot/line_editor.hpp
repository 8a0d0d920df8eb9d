#pragma once
#include "boot/platform/console.hpp"
#include "boot/platform/keyboard.hpp"

namespace boot {

/// Reads lines from the keyboard, on one row of the console that scrolls sideways: left, right,
/// Home, End, Backspace, Delete, history with up and down, completion with Tab; Ctrl-A, E, K and U as
/// in a shell, for terminals whose keys do not come through.
class LineEditor {
 public:
  static constexpr uint32_t kLongest = 1024;  // characters

  enum class End : uint8_t { line, leave };  // Enter; Esc, Ctrl-C, Ctrl-D or no keyboard

  /// Completes the word that `line` ends with: returns what is to be put behind it, or nothing.
  using Complete = rt::Text (*)(rt::Text line);

  LineEditor(platform::Console& console, platform::Keyboard& keyboard, Complete complete)
      : console_(console), keyboard_(keyboard), complete_(complete) {}

  /// Shows `prompt` and reads a line; line() is it then, as UTF-8.
  End read(rt::Text prompt);
  rt::Text line() const { return {utf8_, utf8_bytes_}; }

 private:
  static constexpr uint32_t kHistory = 16;
  static constexpr uint32_t kRemembered = 256;  // bytes of a line in the history

  struct Remembered {
    char text[kRemembered];
    uint32_t bytes = 0;
  };

  void begin(rt::Text prompt);
  bool edit(const platform::Key& key);  // false: the key is none of editing
  void insert(char32_t character);
  void erase(uint32_t at);
  void move(uint32_t to);
  void recall(int direction);
  void complete();
  void replace(rt::Text text);
  void draw(uint32_t from);
  void encode();
  void remember();

  platform::Console& console_;
  platform::Keyboard& keyboard_;
  Complete complete_;

  char32_t text_[kLongest];
  uint32_t length_ = 0, cursor_ = 0;
  platform::Console::Position start_;  // where the text begins on the console
  uint32_t width_ = 0;       // columns for it
  uint32_t left_ = 0;        // the first character that is shown
  uint32_t drawn_ = 0;       // characters that are on the console

  char utf8_[kLongest * 4];
  uint32_t utf8_bytes_ = 0;

  Remembered history_[kHistory];
  uint32_t remembered_ = 0;  // lines ever remembered
  uint32_t back_ = 0;        // how far the user has gone back
};

}  // namespace boot
