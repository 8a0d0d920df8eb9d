#pragma once
#include <deque>
#include <string>
#include <vector>

#include "tests/firmware/faults.hpp"
#include "uefi_headers/simple_text_input_ex.hpp"
#include "uefi_headers/simple_text_output.hpp"

namespace test {

/// A text console that keeps everything that was ever written, and complains of what would confuse
/// a serial line.
class FakeScreen : public uefi::SimpleTextOutput {
 public:
  /// `serial_line`: a terminal shows it, too, which need not have as many rows. `modes`: how many it has, 4 at most.
  FakeScreen(Ledger& ledger, Complaints& complaints, bool serial_line, int32_t modes = 4);

  /// All text so far, as UTF-8 with \n line ends.
  const std::string& text() const { return text_; }
  /// The row that the cursor is in.
  std::u16string& row();
  /// Bytes of UTF-8 that come over the serial line and not by firmware. Complains where the terminal's cursor is not
  /// where firmware believes it to be then.
  void put_past(const std::string& bytes);
  /// What somebody sees who scrolls back: one text a row, without blanks at its end.
  std::string shown() const;
  /// The attribute of each byte of text().
  const std::string& colors() const { return colors_; }
  /// Complains if mode, colour or cursor are not as they were at the start.
  void check_restored(Complaints& complaints) const;

  uefi::SimpleTextOutputMode state{};

 private:
  void put(char16_t unit);
  void next_row();

  Ledger& ledger_;
  Complaints& complaints_;
  bool serial_line_;
  std::string text_, colors_;
  std::vector<std::u16string> rows_;
  size_t top_ = 0;  // of rows_, at the top of the screen
  uefi::SimpleTextOutputMode start_;
};

/// Somebody who types one line after the other, each when the program waits for it, then single keys
/// in the same way, and at the end Esc and Ctrl-D by turns for as long as the program still asks.
class FakeTypist : public uefi::SimpleTextInput, public uefi::SimpleTextInputEx {
 public:
  /// `hurry`: at this look of the program for a key, it finds an Esc; 0: never.
  FakeTypist(Ledger& ledger, std::vector<std::string> lines, std::vector<uefi::InputKey> keys, uint64_t hurry);

  uefi::SimpleTextInput* simple() { return this; }
  uefi::SimpleTextInputEx* extended() { return this; }

  uint32_t at_once = 1;
  uint64_t look = 0;  // nanoseconds that a look for a key takes

  /// The program waits: types what comes next.
  void type();
  bool has_key() const { return !keys_.empty(); }

 private:
  uefi::Status read(uefi::InputKey& key);

  Ledger& ledger_;
  std::deque<std::string> lines_;
  std::deque<uefi::InputKey> later_, keys_;
  uint64_t hurry_;
  bool clears_ = false;
};

}  // namespace test
