#include "boot/platform/console.hpp"

#include "boot/platform/columns.hpp"
#include "boot/platform/firmware.hpp"
#include "boot/platform/plain_text.hpp"
#include "rt/memory.hpp"

namespace platform {

using uefi::Status;

Console::Console(uefi::SimpleTextOutput* out) : out_(out && out->mode ? out : nullptr) {
  if (!out_) return;
  start_ = *out_->mode;
  attribute_ = start_.attribute;
}

void Console::write(rt::Text text) {
  if (!out_) return;
  for (const char byte : text)
    decoder_.feed(static_cast<uint8_t>(byte), [this](char32_t character) { put(character); });
  flush();
}

void Console::put(char32_t character) {
  const bool after_return = after_return_;
  after_return_ = character == U'\r';
  if (character == U'\n') {
    if (!after_return) put_unit(u'\r');
    put_unit(u'\n');
  } else if (character == U'\t') {
    for (int i = 0; i < 4; ++i) put_unit(u' ');
  } else if (character == U'\r' || character == U'\b' || (character >= 0x20 && character < 0x7f)) {
    put_unit(static_cast<uefi::Char16>(character));
  } else if (character < 0xa0) {
    put_unit(u'?');  // a control character: on a serial line it could do anything
  } else if (character <= 0xffff && can_show(static_cast<uefi::Char16>(character))) {
    put_unit(static_cast<uefi::Char16>(character));
  } else if (!line_ || !put_past(character)) {
    for (const char c : plain_text(character)) put_unit(static_cast<uefi::Char16>(c));
  }
}

uint32_t Console::columns(char32_t character) const {
  if (character < 0xa0) return 1;
  const uint32_t columns = columns_of(character);
  return line_ && columns != kNoColumns ? columns : uint32_t(plain_text(character).size);
}

char32_t Console::cell(char32_t character) const {
  if (character >= 0x20 && character < 0x7f) return character;
  // Beyond, characters may be two columns wide, or none.
  const bool narrow = character >= 0xa0 && character < 0x1100 && columns_of(character) == 1;
  if (narrow && out_ && (line_ || can_show(static_cast<uefi::Char16>(character)))) return character;
  const rt::Text plain = plain_text(character);
  return plain.empty() ? U'?' : static_cast<char32_t>(plain[0]);
}

/// Has a terminal show what firmware cannot. A plain letter goes first by firmware, which counts columns. False: that
/// would not do.
bool Console::put_past(char32_t character) {
  const uint32_t columns = columns_of(character);
  if (columns == kNoColumns) return false;
  flush();
  const int32_t end = out_->mode->cursor_column + int32_t(columns);
  const rt::Text plain = plain_text(character);
  for (uint32_t i = 0; i < columns; ++i) put_unit(static_cast<uefi::Char16>(plain[0]));
  flush();
  if (out_->mode->cursor_column != end) return true;  // a row ended: terminals differ in where \b leads then
  char bytes[2 + 4] = {'\b', '\b'}, letter[4];
  const int size = rt::encode_utf8(character, letter);
  rt::copy_bytes(bytes + columns, letter, uint64_t(size));
  uefi::Uintn count = columns + uint64_t(size);
  (void)line_->write(line_, &count, bytes);
  return true;
}

void Console::use_utf8(bool on) { use_utf8(on ? locate_protocol<uefi::SerialIo>() : nullptr); }

void Console::put_unit(uefi::Char16 unit) {
  if (used_ + 1 == sizeof units_ / sizeof units_[0]) flush();
  units_[used_++] = unit;
}

void Console::flush() {
  if (used_ == 0) return;
  units_[used_] = 0;
  used_ = 0;
  (void)out_->output_string(out_, units_);  // a console that fails has no place to say so
}

bool Console::can_show(uefi::Char16 unit) const {
  const uefi::Char16 text[] = {unit, 0};
  return out_->test_string(out_, text) == Status::success;
}

bool Console::query(int32_t mode, Size& size) const {
  uefi::Uintn columns = 0, rows = 0;
  if (mode < 0) return false;
  const Status status = out_->query_mode(out_, static_cast<uefi::Uintn>(mode), &columns, &rows);
  if (status != Status::success || columns == 0 || rows == 0) return false;
  size = {static_cast<uint32_t>(columns), static_cast<uint32_t>(rows)};
  return true;
}

Console::Size Console::size() const {
  Size size;
  if (out_) (void)query(out_->mode->mode, size);
  return size;
}

Console::Position Console::position() const {
  if (!out_) return {};
  return {static_cast<uint32_t>(out_->mode->cursor_column),
          static_cast<uint32_t>(out_->mode->cursor_row)};
}

void Console::move_to(Position position) {
  if (out_) (void)out_->set_cursor_position(out_, position.column, position.row);
}

void Console::clear_line_end() {
  if (!out_) return;
  const Position here = position();
  const uint32_t columns = size().columns;
  for (uint32_t column = here.column; column + 1 < columns; ++column) put_unit(u' ');
  flush();
  move_to(here);
}

void Console::clear() {
  if (out_) (void)out_->clear_screen(out_);
}

void Console::set_attribute(Attribute attribute) {
  if (!out_ || attribute == attribute_) return;
  attribute_ = attribute;
  (void)out_->set_attribute(out_, static_cast<uefi::Uintn>(attribute));
}

void Console::show_cursor(bool visible) {
  if (!out_) return;
  (void)out_->enable_cursor(out_, uefi::to_boolean(visible));
  cursor_changed_ = true;
}

bool Console::choose_mode() {
  if (!out_) return false;
  Size best;
  if (!query(out_->mode->mode, best)) return false;
  int32_t chosen = out_->mode->mode;
  for (int32_t mode = 0; mode < out_->mode->max_mode; ++mode) {
    Size size;
    if (!query(mode, size) || size.columns > kMaxColumns) continue;
    const bool larger = size.columns >= best.columns && size.rows >= best.rows &&
                        size.columns + size.rows > best.columns + best.rows;
    if (!larger) continue;
    best = size;
    chosen = mode;
  }
  if (chosen == out_->mode->mode) return false;
  return out_->set_mode(out_, static_cast<uefi::Uintn>(chosen)) == Status::success;
}

void Console::restore() {
  if (!out_) return;
  if (out_->mode->mode != start_.mode && start_.mode >= 0)
    (void)out_->set_mode(out_, static_cast<uefi::Uintn>(start_.mode));
  attribute_ = out_->mode->attribute;  // a call may have failed
  reset_color();
  if (cursor_changed_) (void)out_->enable_cursor(out_, start_.cursor_visible);
  cursor_changed_ = false;
}

}  // namespace platform
