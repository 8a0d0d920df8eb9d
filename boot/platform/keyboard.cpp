#include "boot/platform/keyboard.hpp"

#include "boot/platform/firmware.hpp"
#include "rt/utf.hpp"

namespace platform {

using uefi::Status;

namespace {

constexpr char32_t kEscape = 0x1b;
constexpr char32_t kDelete = 0x7f;

/// One form for what the two protocols and their drivers say differently.
Key to_key(const uefi::InputKey& input, uint32_t shift_state) {
  constexpr uint32_t kControl = uefi::kLeftControl | uefi::kRightControl;
  constexpr uint32_t kAlt = uefi::kLeftAlt | uefi::kRightAlt;
  const bool valid = (shift_state & uefi::kShiftStateValid) != 0;
  Key key{input.unicode_char, input.scan_code, false};
  // Ctrl with Alt is AltGr on many keyboards, and makes characters.
  key.ctrl = valid && (shift_state & kControl) && !(shift_state & kAlt) && key.character;
  if (key.character == kEscape) return {0, ScanCode::escape, false};
  if (key.character == kDelete) key.character = U'\b';
  const bool named = key.character == U'\b' || key.character == U'\t' || key.character == U'\n' ||
                     key.character == U'\r';
  if (named) key.ctrl = false;
  if (key.character >= 1 && key.character <= 26 && !named) {
    key.character += U'a' - 1;
    key.ctrl = true;
  }
  if (key.ctrl && key.character >= U'A' && key.character <= U'Z') key.character += U'a' - U'A';
  return key;
}

/// How many bytes a UTF-8 sequence has that begins with `c`; 0 if none does.
uint32_t sequence_length(char32_t c) {
  return c >= 0xc2 && c <= 0xdf ? 2 : c >= 0xe0 && c <= 0xef ? 3 : c >= 0xf0 && c <= 0xf4 ? 4 : 0;
}

}  // namespace

Keyboard::Keyboard(const uefi::SystemTable& system)
    : extended_(handle_protocol<uefi::SimpleTextInputEx>(system.console_in_handle)),
      simple_(system.con_in) {}

bool Keyboard::read(Key& key) {
  if (extended_) {
    uefi::KeyData data{};
    if (extended_->read_key_stroke_ex(extended_, &data) != Status::success) return false;
    key = to_key(data.key, data.state.shift_state);
    return true;
  }
  uefi::InputKey input{};
  if (!simple_ || simple_->read_key_stroke(simple_, &input) != Status::success) return false;
  key = to_key(input, 0);
  return true;
}

/// Moves what firmware has into the queue. Part of a UTF-8 sequence alone is not waited for long:
/// on a keyboard with an é key it is that character.
void Keyboard::collect() {
  constexpr int kPatience = 50;  // ms: EDK II empties the serial line every 20
  Key key;
  for (int waited = 0;;) {
    // Bounded, for keyboards that never stop to repeat.
    for (uint32_t i = 0; i < kQueue && read(key); ++i) accept(key);
    if (byte_count_ == 0) return;
    if (waited++ == kPatience) break;
    (void)g_services->stall(1000);
  }
  release_bytes();
}

void Keyboard::accept(const Key& key) {
  if (!key.character && key.scan == ScanCode::none) return;  // a shift key alone
  const char32_t half = key.character & ~char32_t{0x3ff};
  const char32_t high = half == 0xdc00 ? high_ : 0;
  high_ = half == 0xd800 ? key.character : 0;
  if (high) return push({((high - 0xd7c0) << 10) + (key.character & 0x3ff), ScanCode::none, false});
  if (half == 0xd800 || half == 0xdc00) return;  // a half alone is no character
  const bool byte = key.scan == ScanCode::none && !key.ctrl && key.character >= 0x80;
  if (byte && key.character <= 0xff) return accept_byte(key);
  release_bytes();
  push(key);
}

void Keyboard::accept_byte(const Key& key) {
  const bool continues = key.character >= 0x80 && key.character <= 0xbf;
  if (!continues) release_bytes();
  if (byte_count_ == 0) bytes_wanted_ = sequence_length(key.character);
  if (bytes_wanted_ == 0) return push(key);
  bytes_[byte_count_++] = key.character;
  if (byte_count_ < bytes_wanted_) return;

  rt::Utf8Decoder decoder;
  char32_t joined = rt::kReplacement;
  for (uint32_t i = 0; i < byte_count_; ++i)
    decoder.feed(static_cast<uint8_t>(bytes_[i]), [&](char32_t character) { joined = character; });
  if (joined == rt::kReplacement) return release_bytes();
  byte_count_ = 0;
  push({joined, ScanCode::none, false});
}

/// They were no UTF-8: each is a character of its own.
void Keyboard::release_bytes() {
  for (uint32_t i = 0; i < byte_count_; ++i) push({bytes_[i], ScanCode::none, false});
  byte_count_ = 0;
}

void Keyboard::push(const Key& key) {
  const bool after_return = after_return_;
  after_return_ = key.character == U'\r';
  Key pushed = key;
  if (key.character == U'\n') {
    if (after_return) return;
    pushed.character = U'\r';
  }
  // A key that stops is never lost: it takes the place of the last one.
  if (count_ == kQueue && !pushed.is_stop()) return;
  if (count_ < kQueue) ++count_;
  queue_[(first_ + count_ - 1) % kQueue] = pushed;
}

bool Keyboard::poll(Key& key) {
  if (count_ == 0) collect();  // more would not find room when a lot is pasted
  if (count_ == 0) return false;
  key = queue_[first_];
  first_ = (first_ + 1) % kQueue;
  --count_;
  return true;
}

/// What firmware signals when a key is pressed, or null.
uefi::Event Keyboard::key_event() const {
  return extended_ ? extended_->wait_for_key_ex : simple_ ? simple_->wait_for_key : nullptr;
}

bool Keyboard::wait(Key& key) {
  while (!poll(key)) {
    if (!present()) return false;
    uefi::Event event = key_event();
    uefi::Uintn index = 0;
    if (!event || g_services->wait_for_event(1, &event, &index) != Status::success)
      (void)g_services->stall(10'000);
  }
  return true;
}

void Keyboard::rest() {
  constexpr uint64_t kMilliseconds = 10;  // the period of firmware's clock, as a rule: less would not be kept
  uefi::Event events[2] = {nullptr, key_event()};
  uefi::Uintn index = 0;
  bool rested = false;
  const Status made = g_services->create_event(uefi::kEventTimer, uefi::Tpl::application, nullptr, nullptr, events);
  if (made == Status::success && events[0]) {
    rested = g_services->set_timer(events[0], uefi::TimerDelay::relative, kMilliseconds * 10'000) == Status::success &&
             g_services->wait_for_event(events[1] ? 2 : 1, events, &index) == Status::success;
    (void)g_services->close_event(events[0]);
  }
  if (!rested) (void)g_services->stall(kMilliseconds * 1000);
}

bool Keyboard::stop_pressed() {
  collect();
  for (uint32_t i = count_; i-- > 0;) {
    if (!queue_[(first_ + i) % kQueue].is_stop()) continue;
    first_ = (first_ + i + 1) % kQueue;
    count_ -= i + 1;
    return true;
  }
  return false;
}

void Keyboard::discard() {
  collect();
  first_ = count_ = 0;
}

}  // namespace platform
