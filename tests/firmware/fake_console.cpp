#include "tests/firmware/fake_console.hpp"

#include "rt/utf.hpp"
#include "tests/firmware/fake_processors.hpp"

namespace test {

using uefi::Status;

namespace {

struct Mode {
  uefi::Uintn columns, rows;
};
// As EDK II: 80x50 is one that this screen does not have.
constexpr Mode kModes[] = {{80, 25}, {0, 0}, {100, 31}, {240, 56}};

constexpr uefi::InputKey kEscape = {uefi::ScanCode::escape, 0};

void add_utf8(std::string& text, char32_t character) {
  char bytes[4];
  text.append(bytes, size_t(rt::encode_utf8(character, bytes)));
}

constexpr char16_t kSecondColumn = 0xffff;  // of a wide character

FakeScreen& of(uefi::SimpleTextOutput* self) { return *static_cast<FakeScreen*>(self); }

}  // namespace

FakeScreen::FakeScreen(Ledger& ledger, Complaints& complaints, bool serial_line, int32_t modes)
    : uefi::SimpleTextOutput{}, ledger_(ledger), complaints_(complaints), serial_line_(serial_line) {
  state = {.max_mode = modes, .mode = 0, .attribute = 0x07, .cursor_column = 0, .cursor_row = 0,
           .cursor_visible = uefi::Boolean::no};
  start_ = state;
  mode = &state;
  reset = nullptr;  // never called
  output_string = [](uefi::SimpleTextOutput* self, const uefi::Char16* text) {
    if (auto answer = of(self).ledger_.refusal(Service::output_string)) return *answer;
    for (; *text; ++text) of(self).put(*text);
    of(self).colors_.resize(of(self).text_.size(), char(of(self).state.attribute));
    return Status::success;
  };
  test_string = [](uefi::SimpleTextOutput* self, const uefi::Char16* text) {
    if (auto answer = of(self).ledger_.refusal(Service::test_string)) return *answer;
    const bool block = *text == u'\u2588' || *text == u'\u2591';  // EDK II has a few of them
    return *text < 0x250 || block ? Status::success : Status::unsupported;
  };
  query_mode = [](uefi::SimpleTextOutput* self, uefi::Uintn number, uefi::Uintn* columns, uefi::Uintn* rows) {
    if (auto answer = of(self).ledger_.refusal(Service::query_mode)) return *answer;
    if (number >= std::size(kModes) || !kModes[number].columns) return Status::unsupported;
    *columns = kModes[number].columns;
    *rows = kModes[number].rows;
    return Status::success;
  };
  set_mode = [](uefi::SimpleTextOutput* self, uefi::Uintn number) {
    if (auto answer = of(self).ledger_.refusal(Service::set_mode)) return *answer;
    if (number >= std::size(kModes) || !kModes[number].columns) return Status::unsupported;
    of(self).state.mode = int32_t(number);
    of(self).top_ = of(self).rows_.size();
    of(self).state.cursor_column = of(self).state.cursor_row = 0;
    return Status::success;
  };
  set_attribute = [](uefi::SimpleTextOutput* self, uefi::Uintn attribute) {
    if (auto answer = of(self).ledger_.refusal(Service::set_attribute)) return *answer;
    if (attribute > 0x7f) of(self).complaints_.add("a text attribute that does not exist");
    of(self).state.attribute = int32_t(attribute);
    return Status::success;
  };
  clear_screen = [](uefi::SimpleTextOutput* self) {
    if (auto answer = of(self).ledger_.refusal(Service::clear_screen)) return *answer;
    of(self).top_ = of(self).rows_.size();
    of(self).state.cursor_column = of(self).state.cursor_row = 0;
    return Status::success;
  };
  set_cursor_position = [](uefi::SimpleTextOutput* self, uefi::Uintn column, uefi::Uintn row) {
    if (auto answer = of(self).ledger_.refusal(Service::set_cursor_position)) return *answer;
    if (of(self).serial_line_) of(self).complaints_.add("a terminal is told a row, which it need not have");
    const Mode& size = kModes[of(self).state.mode];
    if (column >= size.columns || row >= size.rows) return Status::unsupported;
    of(self).state.cursor_column = int32_t(column);
    of(self).state.cursor_row = int32_t(row);
    return Status::success;
  };
  enable_cursor = [](uefi::SimpleTextOutput* self, uefi::Boolean visible) {
    if (auto answer = of(self).ledger_.refusal(Service::enable_cursor)) return *answer;
    of(self).state.cursor_visible = visible;
    return Status::success;
  };
}

void FakeScreen::next_row() {
  if (uefi::Uintn(state.cursor_row) + 1 < kModes[state.mode].rows) ++state.cursor_row;
  else ++top_;
}

std::u16string& FakeScreen::row() {
  const size_t at = top_ + size_t(state.cursor_row);
  if (at >= rows_.size()) rows_.resize(at + 1);
  return rows_[at];
}

void FakeScreen::put(char16_t unit) {
  if (unit == u'\r') {
    state.cursor_column = 0;
    return;
  }
  if (unit == u'\n') {
    text_ += '\n';
    row();
    next_row();
    return;
  }
  if (unit == u'\b') {
    if (state.cursor_column) --state.cursor_column;
    return;
  }
  if (unit < 0x20 || (unit >= 0x7f && unit < 0xa0)) complaints_.add("a control character on the console");
  if (unit >= 0xd800 && unit < 0xe000) complaints_.add("half of a character on the console");
  add_utf8(text_, unit);
  std::u16string& line = row();
  if (line.size() <= size_t(state.cursor_column)) line.resize(size_t(state.cursor_column) + 1, u' ');
  line[size_t(state.cursor_column)] = unit;
  if (uefi::Uintn(++state.cursor_column) == kModes[state.mode].columns) {
    state.cursor_column = 0;
    next_row();
  }
}

void FakeScreen::put_past(const std::string& bytes) {
  if (!serial_line_) complaints_.add("there is no terminal that takes UTF-8");
  size_t column = size_t(state.cursor_column);
  const size_t end = column;
  std::u16string& line = row();
  rt::Utf8Decoder decoder;
  for (const char byte : bytes)
    decoder.feed(uint8_t(byte), [&](char32_t character) {
      if (character == U'\b') return void(column -= column > 0);
      if (character < 0xa0) complaints_.add("a control character on the serial line");
      if (character >= 0x300 && character < 0x370) return void(line.insert(column, 1, char16_t(character)));
      const bool wide = character >= 0x2e80 && character != rt::kReplacement;
      char16_t units[2] = {0, kSecondColumn};
      rt::encode_utf16(character, units);
      if (line.size() < column + 2) line.resize(column + 2, u' ');
      line[column++] = units[0];
      if (wide) line[column++] = units[1];
    });
  if (column != end) complaints_.add("the terminal's cursor is not where firmware believes it to be");
}

std::string FakeScreen::shown() const {
  std::string all;
  for (std::u16string line : rows_) {
    while (line.ends_with(u' ')) line.pop_back();
    for (size_t i = 0; i < line.size(); ++i) {
      const bool pair = line[i] >= 0xd800 && line[i] < 0xdc00;
      if (pair) add_utf8(all, ((line[i] - 0xd7c0u) << 10) + (line[i + 1] & 0x3ffu)), ++i;
      else if (line[i] != kSecondColumn) add_utf8(all, line[i]);
    }
    all += '\n';
  }
  return all;
}

void FakeScreen::check_restored(Complaints& complaints) const {
  if (state.mode != start_.mode) complaints.add("the text mode was not put back");
  if (state.attribute != start_.attribute) complaints.add("the text colour was not put back");
  if (state.cursor_visible != start_.cursor_visible) complaints.add("the cursor was not put back");
}

FakeTypist::FakeTypist(Ledger& ledger, std::vector<std::string> lines, std::vector<uefi::InputKey> keys, uint64_t hurry)
    : uefi::SimpleTextInput{}, uefi::SimpleTextInputEx{}, ledger_(ledger), lines_(lines.begin(), lines.end()),
      later_(keys.begin(), keys.end()), hurry_(hurry) {
  read_key_stroke = [](uefi::SimpleTextInput* self, uefi::InputKey* key) {
    return static_cast<FakeTypist*>(self)->read(*key);
  };
  read_key_stroke_ex = [](uefi::SimpleTextInputEx* self, uefi::KeyData* data) {
    data->state = {};
    return static_cast<FakeTypist*>(self)->read(data->key);
  };
  wait_for_key = wait_for_key_ex = reinterpret_cast<uefi::Event>(this);
}

uefi::Status FakeTypist::read(uefi::InputKey& key) {
  if (auto answer = ledger_.refusal(Service::read_key)) return *answer;
  fake_time::pass(look);
  if (hurry_ && ledger_.calls(Service::read_key) == hurry_) keys_.push_back(kEscape);
  if (keys_.empty()) return Status::not_ready;
  key = keys_.front();
  keys_.pop_front();
  return Status::success;
}

void FakeTypist::type() {
  if (!keys_.empty()) return;
  if (lines_.empty()) {
    if (later_.empty()) {
      clears_ = !clears_;  // a line, and then leaves
      keys_.push_back(clears_ ? kEscape : uefi::InputKey{uefi::ScanCode::none, 'd' & 0x1f});
    }
    for (uint32_t i = 0; i < at_once && !later_.empty(); ++i) {
      keys_.push_back(later_.front());
      later_.pop_front();
    }
    return;
  }
  for (const char c : lines_.front()) keys_.push_back({uefi::ScanCode::none, char16_t(uint8_t(c))});
  keys_.push_back({uefi::ScanCode::none, u'\r'});
  lines_.pop_front();
}

}  // namespace test
