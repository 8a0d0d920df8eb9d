#include "boot/line_editor.hpp"

#include "rt/memory.hpp"
#include "rt/utf.hpp"

namespace boot {
namespace {

constexpr char small(char c) { return c >= 'A' && c <= 'Z' ? char(c + 'a' - 'A') : c; }

/// How many bytes are the same at the beginning of both, in whole characters, but for large and small letters.
uint64_t common_bytes(rt::Text a, rt::Text b) {
  uint64_t n = 0;
  while (n < rt::min(a.size, b.size) && small(a[n]) == small(b[n])) ++n;
  while (n < a.size && (a[n] & 0xc0) == 0x80) --n;
  return n;
}

}  // namespace

void Candidates::offer(const rt::Text& word) {
  if (common_bytes(word, begun_) < begun_.size || word.size > sizeof common_) return;
  for (const char byte : word)
    if (uint8_t(byte) < 0x20 || byte == 0x7f) return;
  if (list_) {
    const bool fits = column_ + word.size + 2 < LineEditor::kColumns;
    rt::print(*list_, "%s%pT", fits && column_ ? "  " : "\n", &word);
    column_ = uint32_t(word.size) + (fits ? column_ + 2 : 0);
  } else if (count_++ == 0) {
    bytes_ = word.size;
    rt::copy_bytes(common_, word.data, bytes_);
  } else {
    bytes_ = common_bytes({common_, bytes_}, word);
  }
}

/// The next key; false: there is no keyboard. What the keys before it did is shown first.
bool LineEditor::next(platform::Key& key, Idle* idle) {
  if (keyboard_.poll(key)) return true;
  draw();
  while (idle && idle->step())
    if (keyboard_.poll(key)) return true;
  return keyboard_.wait(key);
}

LineEditor::End LineEditor::read(rt::Text prompt, Idle* idle) {
  length_ = cursor_ = cut_ = left_ = column_ = back_ = 0;
  for (char32_t& cell : row_) cell = U' ';
  prompt_ = prompt;
  width_ = kColumns - uint32_t(prompt.size);
  console_.write(prompt);
  console_.show_cursor(true);
  for (platform::Key key;;) {
    if (!next(key, idle)) return End::leave;
    const bool leaves = key.is_ctrl(U'd') && length_ == 0;
    if (!leaves && !key.is_enter()) {
      edit(key);
      continue;
    }
    cursor_ = length_;
    draw();
    console_.write("\n");
    if (cut_) rt::print(console_, "note: a line has room for %'u bytes: %'u characters were cut\n", kLongest, cut_);
    if (leaves) return End::leave;
    remember();
    return End::line;
  }
}

void LineEditor::show_above(rt::Text line) {
  char blank[kColumns];
  for (char& c : blank) c = ' ';
  console_.write("\r");
  console_.write({blank, kColumns});
  console_.write("\r");
  console_.write(line);
  console_.write(prompt_);
  column_ = 0;
  for (char32_t& cell : row_) cell = U' ';
  draw();
}

/// Where the character before `at` begins, and the one behind that at `at`.
uint32_t LineEditor::before(uint32_t at) const {
  if (at) --at;
  while (at && (text_[at] & 0xc0) == 0x80) --at;
  return at;
}
uint32_t LineEditor::after(uint32_t at) const {
  if (at < length_) ++at;
  while (at < length_ && (text_[at] & 0xc0) == 0x80) ++at;
  return at;
}

void LineEditor::edit(const platform::Key& key) {
  using platform::ScanCode;
  if (key.is_text()) {
    char bytes[4];
    insert({bytes, uint64_t(rt::encode_utf8(key.character, bytes))});
  }
  else if (key.is_stop() || key.is_ctrl(U'u')) replace({});
  else if (key.character == U'\t') complete();
  else if (key.character == U'\b') erase(before(cursor_), cursor_);
  // Serial terminals send DEL for Backspace, which firmware takes for the Delete key.
  else if (key.scan == ScanCode::del && cursor_ == length_) erase(before(cursor_), cursor_);
  else if (key.scan == ScanCode::del) erase(cursor_, after(cursor_));
  else if (key.scan == ScanCode::left) cursor_ = before(cursor_);
  else if (key.scan == ScanCode::right) cursor_ = after(cursor_);
  else if (key.scan == ScanCode::home || key.is_ctrl(U'a')) cursor_ = 0;
  else if (key.scan == ScanCode::end || key.is_ctrl(U'e')) cursor_ = length_;
  else if (key.is_ctrl(U'k')) length_ = cursor_;
  else if (key.scan == ScanCode::up) recall(1);
  else if (key.scan == ScanCode::down) recall(-1);
  left_ = rt::min(left_, cursor_);  // behind it text may move: no character begins there
}

/// Puts characters in at the cursor, as long as there is room.
void LineEditor::insert(const rt::Text& text) {
  if (text.size > kLongest - length_) {
    ++cut_;
    return;
  }
  rt::move_bytes(text_ + cursor_ + text.size, text_ + cursor_, length_ - cursor_);
  rt::copy_bytes(text_ + cursor_, text.data, text.size);
  length_ += uint32_t(text.size);
  cursor_ += uint32_t(text.size);
}

void LineEditor::erase(uint32_t from, uint32_t to) {
  rt::move_bytes(text_ + from, text_ + to, length_ - to);
  length_ -= to - from;
  cursor_ = from;
}

void LineEditor::replace(const rt::Text& text) {
  length_ = cursor_ = cut_ = 0;
  insert(text);
}

/// The line before (1) or after (-1) the one that is shown, in the history.
void LineEditor::recall(int direction) {
  const uint32_t to = back_ + uint32_t(direction);
  if (to > rt::min(remembered_, kHistory)) return;  // also below 0
  back_ = to;
  if (back_ == 0) return replace({});
  const Remembered& line = history_[(remembered_ - back_) % kHistory];
  replace({line.text, line.bytes});
}

/// Completes the word at the end, as far as that is certain; lists what it may become where nothing is.
void LineEditor::complete() {
  if (cursor_ != length_) return;
  uint64_t begin = length_;
  while (begin && text_[begin - 1] != ' ' && text_[begin - 1] != '=') --begin;
  const rt::Text before = line().part(0, begin), word = line().from(begin);
  Candidates candidates(word);
  complete_(before, candidates);
  const rt::Text common(candidates.common_, candidates.bytes_);
  if (candidates.count_ > 1 && common.size == word.size) {
    draw();
    candidates.list_ = &console_;
    complete_(before, candidates);
    console_.write("\n");
    console_.write(prompt_);
    for (char32_t& cell : row_) cell = U' ';
    column_ = 0;
  } else if (candidates.count_) {
    erase(uint32_t(begin), length_);
    insert(common);
    if (candidates.count_ == 1) insert(" ");
  }
}

/// The cell of the character at `at`, which moves on to the next.
char32_t LineEditor::take_cell(uint32_t& at) const {
  char32_t cell = U' ';
  rt::Utf8Decoder decoder;
  for (const uint32_t end = after(at); at < end; ++at)
    decoder.feed(uint8_t(text_[at]), [&](char32_t character) { cell = console_.cell(character); });
  return cell;
}

/// Brings the row up to date, and the cursor to its place.
void LineEditor::draw() {
  uint32_t target = 0;
  for (uint32_t at = left_; at < cursor_ && target < width_; at = after(at)) ++target;
  if (target == width_ || (target == 0 && left_)) {  // out of sight, or at the edge: it comes to the middle
    left_ = cursor_;
    for (target = 0; left_ && target < width_ / 2; ++target) left_ = before(left_);
  }
  uint32_t first = target, end = target, at = left_;
  for (uint32_t i = 0; i < width_; ++i) {
    const char32_t cell = at < length_ ? take_cell(at) : U' ';
    if (cell == row_[i]) continue;
    if (first == end) first = i;
    end = i + 1;
    row_[i] = cell;
  }
  char bytes[kColumns * 6];
  uint64_t size = 0;
  const uint32_t stops[] = {first, end, target};
  for (const uint32_t to : stops) {
    while (column_ > to) bytes[size++] = '\b', --column_;
    while (column_ < to) {
      char character[4];
      const int n = rt::encode_utf8(row_[column_++], character);
      for (int i = 0; i < n; ++i) bytes[size++] = character[i];
    }
  }
  if (size) console_.write({bytes, size});
}

/// Puts the line into the history, unless it is empty, too long, or there already as the last one.
void LineEditor::remember() {
  if (length_ == 0 || length_ > kRemembered) return;
  if (remembered_) {
    const Remembered& last = history_[(remembered_ - 1) % kHistory];
    if (line() == rt::Text(last.text, last.bytes)) return;
  }
  Remembered& place = history_[remembered_++ % kHistory];
  rt::copy_bytes(place.text, text_, length_);
  place.bytes = length_;
}

}  // namespace boot
