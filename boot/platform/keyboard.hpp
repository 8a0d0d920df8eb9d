#pragma once
#include "rt/span.hpp"
#include "uefi_headers/simple_text_input_ex.hpp"
#include "uefi_headers/system_table.hpp"

namespace platform {

using uefi::ScanCode;

/// One key press.
struct Key {
  char32_t character = 0;  // 0 for keys that are none; Enter is '\r', Backspace '\b', Tab '\t'
  ScanCode scan = ScanCode::none;
  bool ctrl = false;  // with the plain letter as the character: Ctrl-C is {'c', none, true}

  bool is_escape() const { return scan == ScanCode::escape; }
  bool is_ctrl(char32_t letter) const { return ctrl && character == letter; }
  /// Esc or Ctrl-C.
  bool is_stop() const { return is_escape() || is_ctrl(U'c'); }
  bool is_enter() const { return character == U'\r'; }
  /// A character to put into a line.
  bool is_text() const { return character >= 0x20 && (character < 0x7f || character >= 0xa0) && !ctrl; }
};

/// The keyboards of the console, with a queue for 256 keys that come while nobody waits; of more, only
/// Esc and Ctrl-C are kept. Serial
/// terminals send é as two Latin-1 characters (its UTF-8 bytes), firmware others as the two halves of a UTF-16 pair:
/// they are joined again. EDK II
/// hands DEL (0x7f) of serial terminals on as ScanCode::del, so line editors should take that as a
/// backspace at the end of a line. UEFI 2.10 §12.2 and §12.3.
class Keyboard {
 public:
  /// The extended protocol of the console where there is one, else the simple one.
  explicit Keyboard(const uefi::SystemTable& system);
  /// For tests: either may be null.
  Keyboard(uefi::SimpleTextInputEx* extended, uefi::SimpleTextInput* simple)
      : extended_(extended), simple_(simple) {}

  bool present() const { return extended_ || simple_; }

  /// The next key, if one was pressed. Does not wait.
  bool poll(Key& key);
  /// Waits for the next key; false if there is no keyboard.
  bool wait(Key& key);
  /// Waits for a key, for 10 ms at most; the processor sleeps meanwhile. For callers that look at more than keys.
  void rest();
  /// Was Esc or Ctrl-C pressed? Then it and what was typed before it are dropped; else all keys
  /// stay in the queue.
  bool stop_pressed();
  /// Forgets all keys that were pressed until now.
  void discard();

 private:
  uefi::Event key_event() const;
  bool read(Key& key);
  void collect();
  void accept(const Key& key);
  void accept_byte(const Key& key);
  void release_bytes();
  void push(const Key& key);

  static constexpr uint32_t kQueue = 256;

  uefi::SimpleTextInputEx* extended_ = nullptr;
  uefi::SimpleTextInput* simple_ = nullptr;
  Key queue_[kQueue];
  uint32_t first_ = 0, count_ = 0;
  char32_t bytes_[4] = {};  // the beginning of a UTF-8 sequence
  uint32_t byte_count_ = 0, bytes_wanted_ = 0;
  char32_t high_ = 0;  // the first half of a UTF-16 pair
  bool after_return_ = false;  // the last character was \r: a \n belongs to it
};

}  // namespace platform
