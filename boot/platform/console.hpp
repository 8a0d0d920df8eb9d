#pragma once
#include "rt/format.hpp"
#include "rt/utf.hpp"
#include "uefi_headers/serial_io.hpp"
#include "uefi_headers/simple_text_output.hpp"

namespace platform {

using uefi::Color;

/// The text console of firmware, screens and serial lines alike. Takes UTF-8; what cannot be shown
/// is replaced (plain_text.hpp), control characters but \n \r \t \b become "?". Every write() is on
/// the screen when it returns. A machine without a console shows nothing and is no error.
/// UEFI 2.10 §12.4. The destructor puts the console back as it was found.
class Console final : public rt::Sink {
 public:
  /// Longer lines are hard to read: modes with more columns are not chosen.
  static constexpr uint32_t kMaxColumns = 132;

  struct Size {
    uint32_t columns = 80, rows = 25;
  };
  struct Position {
    uint32_t column = 0, row = 0;  // from 0
  };

  /// `out`: SystemTable.ConOut, or null.
  explicit Console(uefi::SimpleTextOutput* out);
  Console(const Console&) = delete;
  Console& operator=(const Console&) = delete;
  ~Console() { restore(); }

  using Sink::write;
  void write(rt::Text text) override;
  /// What one column shows for `character`, itself where it can: a single character for editors to count with.
  char32_t cell(char32_t character) const;

  Size size() const;
  Position position() const;
  void move_to(Position position);
  /// Blanks from the cursor to the last column but one: writing the last one would scroll a serial
  /// line. The cursor stays.
  void clear_line_end();
  /// Clears the screen; the cursor goes to the top left.
  void clear();

  /// The colours of what is written next, in firmware's form.
  using Attribute = int32_t;
  Attribute attribute() const { return attribute_; }
  void set_attribute(Attribute attribute);
  void set_color(Color foreground) {
    if (colors_) set_attribute(int32_t(uefi::text_attribute(foreground, Color::black)));
  }
  /// Off: set_color() does nothing.
  void use_colors(bool on) { colors_ = on; }
  /// The colours that were there at the start.
  void reset_color() { set_attribute(start_.attribute); }
  void show_cursor(bool visible);
  /// `line`: part of the console, with a terminal that takes UTF-8: what firmware cannot show is sent there past it.
  /// Null: there is none.
  void use_utf8(uefi::SerialIo* line) { line_ = line; }
  /// The same with the first serial line there is.
  void use_utf8(bool on);

  /// How many columns `character` takes as write() shows it, or more where firmware's own letters are narrower.
  uint32_t columns(char32_t character) const;

  /// Goes to the largest mode that has no fewer rows and columns than now and at most kMaxColumns.
  /// Clears the screen if it finds one; returns whether it did.
  bool choose_mode();
  /// Mode, colours and cursor as at the start.
  void restore();

 private:
  void put(char32_t character);
  void put_unit(uefi::Char16 unit);
  bool put_past(char32_t character);
  void flush();
  bool can_show(uefi::Char16 unit) const;
  bool query(int32_t mode, Size& size) const;

  uefi::SimpleTextOutput* out_;
  uefi::SerialIo* line_ = nullptr;  // with a terminal that takes UTF-8
  uefi::SimpleTextOutputMode start_{};  // as at the start
  rt::Utf8Decoder decoder_;
  bool after_return_ = false;  // the last character was \r
  bool cursor_changed_ = false;
  bool colors_ = true;
  Attribute attribute_ = 0;
  uint32_t used_ = 0;
  uefi::Char16 units_[256];  // waiting for OutputString
};

}  // namespace platform
