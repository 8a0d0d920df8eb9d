#pragma once
#include "boot/platform/console.hpp"
#include "boot/platform/keyboard.hpp"

namespace boot {

/// The words that a word which has been begun may become.
class Candidates {
 public:
  explicit Candidates(rt::Text begun) : begun_(begun) {}

  /// One more, if it begins so: large and small letters are the same. Words that nobody could type are left out.
  void offer(const rt::Text& word);

 private:
  friend class LineEditor;

  rt::Text begun_;
  platform::Console* list_ = nullptr;  // shows them all
  uint32_t column_ = 0;                // of the list
  uint32_t count_ = 0;
  char common_[256];  // what all of them begin with
  uint64_t bytes_ = 0;
};

/// What the program does while it waits for a key.
class Idle {
 public:
  /// A small part of it: keys wait for its end. False: there is nothing left to do.
  virtual bool step() = 0;

 protected:
  ~Idle() = default;
};

/// Reads lines from the keyboard, on one row of the console that scrolls sideways: left, right, Home, End, Backspace,
/// Delete, history with up and down, completion with Tab; Esc or Ctrl-C clears the line; Ctrl-A, E, K and U as in a
/// shell, for terminals whose keys do not come through.
///
/// It draws with plain characters and backspaces, and never says where on the console: terminals on a serial line have
/// more or fewer rows than firmware believes. Keys that come together are drawn together, in one write.
class LineEditor {
 public:
  static constexpr uint32_t kLongest = 4096;  // bytes
  static constexpr uint32_t kColumns = 79;     // of the row, the prompt's too

  enum class End : uint8_t { line, leave };  // Enter; Ctrl-D on an empty line, or no keyboard

  /// Offers the words that may come behind `line`, of which the user has typed all but the last word: what is behind
  /// the last blank or =. May be called twice for a key.
  using Complete = void (*)(rt::Text line, Candidates& candidates);

  LineEditor(platform::Console& console, platform::Keyboard& keyboard, Complete complete)
      : console_(console), keyboard_(keyboard), complete_(complete) {}

  /// Shows `prompt` and reads a line; line() is it then, as UTF-8. `idle`: what to do between the keys, or null.
  End read(rt::Text prompt, Idle* idle = nullptr);
  rt::Text line() const { return {text_, length_}; }
  /// While read() waits for a key, from its `idle`: puts a line, which ends with a line break, above the one that is
  /// read.
  void show_above(rt::Text line);

 private:
  static constexpr uint32_t kHistory = 16;
  static constexpr uint32_t kRemembered = 256;  // bytes of a line in the history

  struct Remembered {
    char text[kRemembered];
    uint32_t bytes = 0;
  };

  uint32_t before(uint32_t at) const;
  uint32_t after(uint32_t at) const;
  bool next(platform::Key& key, Idle* idle);
  void edit(const platform::Key& key);
  void insert(const rt::Text& text);
  void erase(uint32_t from, uint32_t to);
  void replace(const rt::Text& text);
  void recall(int direction);
  void complete();
  void draw();
  char32_t take_cell(uint32_t& at) const;
  void remember();

  platform::Console& console_;
  platform::Keyboard& keyboard_;
  Complete complete_;

  rt::Text prompt_;
  char text_[kLongest];  // UTF-8, as all offsets below
  uint32_t length_ = 0, cursor_ = 0;
  uint32_t cut_ = 0;   // characters that found no room
  uint32_t left_ = 0;  // the first character that is shown

  char32_t row_[kColumns];  // what is on the console behind the prompt
  uint32_t width_ = 0;      // columns that may be used there
  uint32_t column_ = 0;     // where the console's cursor is

  Remembered history_[kHistory];
  uint32_t remembered_ = 0;  // lines ever remembered
  uint32_t back_ = 0;        // how far the user has gone back
};

}  // namespace boot
