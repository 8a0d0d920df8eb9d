#include "boot/line_editor.hpp"

#include "rt/memory.hpp"
#include "rt/utf.hpp"

namespace boot {

LineEditor::End LineEditor::read(rt::Text prompt) {
  begin(prompt);
  platform::Key key;
  while (keyboard_.wait(key)) {
    if (key.is_enter()) {
      move(length_);
      console_.write("\n");
      encode();
      remember();
      return End::line;
    }
    if (key.is_stop() || (key.is_ctrl(U'd') && length_ == 0)) {
      console_.write("\n");
      return End::leave;
    }
    edit(key);
  }
  return End::leave;
}

void LineEditor::begin(rt::Text prompt) {
  console_.write(prompt);
  start_ = console_.position();
  const uint32_t columns = console_.size().columns;
  width_ = columns > start_.column + 2 ? columns - start_.column - 1 : 1;
  length_ = cursor_ = left_ = drawn_ = back_ = 0;
  console_.show_cursor(true);
}

bool LineEditor::edit(const platform::Key& key) {
  using uefi::ScanCode;
  if (key.is_text()) insert(key.character);
  else if (key.character == U'\t') complete();
  else if (key.character == U'\b') erase(cursor_ - 1);
  // Serial terminals send DEL for Backspace, which firmware takes for the Delete key.
  else if (key.scan == ScanCode::del) erase(cursor_ < length_ ? cursor_ : cursor_ - 1);
  else if (key.scan == ScanCode::left && cursor_) move(cursor_ - 1);
  else if (key.scan == ScanCode::right && cursor_ < length_) move(cursor_ + 1);
  else if (key.scan == ScanCode::home || key.is_ctrl(U'a')) move(0);
  else if (key.scan == ScanCode::end || key.is_ctrl(U'e')) move(length_);
  else if (key.scan == ScanCode::up) recall(1);
  else if (key.scan == ScanCode::down) recall(-1);
  else if (key.is_ctrl(U'u')) replace({});
  else if (key.is_ctrl(U'k')) { length_ = cursor_; draw(cursor_); }
  else return false;
  return true;
}

void LineEditor::insert(char32_t character) {
  if (length_ == kLongest) return;
  for (uint32_t i = length_; i > cursor_; --i) text_[i] = text_[i - 1];
  text_[cursor_] = character;
  ++length_;
  draw(cursor_++);
  move(cursor_);
}

/// Takes the character at `at` out; nothing where there is none.
void LineEditor::erase(uint32_t at) {
  if (at >= length_) return;
  for (uint32_t i = at; i + 1 < length_; ++i) text_[i] = text_[i + 1];
  --length_;
  cursor_ = at;
  draw(at);
  move(at);
}

/// Puts the cursor before character `to`, and scrolls the row where that is out of sight.
void LineEditor::move(uint32_t to) {
  cursor_ = to;
  const uint32_t step = width_ / 2 + 1;
  bool scrolled = false;
  for (; cursor_ < left_; scrolled = true) left_ = left_ > step ? left_ - step : 0;
  for (; cursor_ >= left_ + width_; scrolled = true) left_ += step;
  if (scrolled) draw(left_);
  console_.move_to({start_.column + cursor_ - left_, start_.row});
}

/// Shows the text from character `from` on, and blanks what was behind it.
void LineEditor::draw(uint32_t from) {
  from = rt::max(from, left_);
  if (from - left_ > width_) return;
  console_.move_to({start_.column + from - left_, start_.row});
  const uint32_t shown = rt::min(length_ - left_, width_);
  char bytes[4];
  for (uint32_t i = from - left_; i < shown; ++i)
    console_.write({bytes, uint64_t(rt::encode_utf8(text_[left_ + i], bytes))});
  for (uint32_t i = shown; i < drawn_; ++i) console_.write(" ");
  drawn_ = shown;
  console_.move_to({start_.column + rt::min(cursor_ - left_, width_), start_.row});
}

/// The line before (1) or after (-1) the one that is shown, in the history.
void LineEditor::recall(int direction) {
  const uint32_t kept = rt::min(remembered_, kHistory);
  const uint32_t to = back_ + uint32_t(direction);
  if (to > kept) return;  // also below 0
  back_ = to;
  if (back_ == 0) return replace({});
  const Remembered& line = history_[(remembered_ - back_) % kHistory];
  replace({line.text, line.bytes});
}

void LineEditor::complete() {
  if (!complete_ || cursor_ != length_) return;
  encode();
  rt::Utf8Decoder decoder;
  for (const char byte : complete_(line()))
    decoder.feed(static_cast<uint8_t>(byte), [this](char32_t character) { insert(character); });
}

void LineEditor::replace(rt::Text text) {
  length_ = cursor_ = left_ = 0;
  rt::Utf8Decoder decoder;
  for (const char byte : text)
    decoder.feed(static_cast<uint8_t>(byte), [this](char32_t character) {
      if (length_ < kLongest) text_[length_++] = character;
    });
  draw(0);
  move(length_);
}

void LineEditor::encode() {
  utf8_bytes_ = 0;
  for (uint32_t i = 0; i < length_; ++i) {
    char bytes[4];
    const int n = rt::encode_utf8(text_[i], bytes);
    rt::copy_bytes(utf8_ + utf8_bytes_, bytes, uint64_t(n));
    utf8_bytes_ += uint32_t(n);
  }
}

/// Puts the line into the history, unless it is empty, too long, or there already as the last one.
void LineEditor::remember() {
  if (utf8_bytes_ == 0 || utf8_bytes_ > kRemembered) return;
  if (remembered_) {
    const Remembered& last = history_[(remembered_ - 1) % kHistory];
    if (line() == rt::Text(last.text, last.bytes)) return;
  }
  Remembered& place = history_[remembered_++ % kHistory];
  rt::copy_bytes(place.text, utf8_, utf8_bytes_);
  place.bytes = utf8_bytes_;
}

}  // namespace boot
