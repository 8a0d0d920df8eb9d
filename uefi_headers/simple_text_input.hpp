#pragma once
#include "uefi_headers/status.hpp"
#include "uefi_headers/types.hpp"

namespace uefi {

/// UEFI 2.10 §12.1.2: keys that are no characters.
enum class ScanCode : uint16_t {
  none = 0x00,
  up = 0x01,
  down = 0x02,
  right = 0x03,
  left = 0x04,
  home = 0x05,
  end = 0x06,
  insert = 0x07,
  del = 0x08,
  page_up = 0x09,
  page_down = 0x0a,
  f1 = 0x0b,
  f2 = 0x0c,
  f3 = 0x0d,
  f4 = 0x0e,
  f5 = 0x0f,
  f6 = 0x10,
  f7 = 0x11,
  f8 = 0x12,
  f9 = 0x13,
  f10 = 0x14,
  f11 = 0x15,
  f12 = 0x16,
  escape = 0x17,
};

/// UEFI 2.10 §12.3, EFI_INPUT_KEY.
struct InputKey {
  ScanCode scan_code;
  Char16 unicode_char;
};
static_assert(sizeof(InputKey) == 4);

/// UEFI 2.10 §12.3, EFI_SIMPLE_TEXT_INPUT_PROTOCOL.
struct SimpleTextInput {
  static constexpr Guid kGuid = guid("387477c1-69c7-11d2-8e39-00a0c969723b");

  Status (*reset)(SimpleTextInput* self, Boolean extended_verification);
  Status (*read_key_stroke)(SimpleTextInput* self, InputKey* key);  // not_ready: no key
  Event wait_for_key;
};
static_assert(offsetof(SimpleTextInput, reset) == 0);
static_assert(offsetof(SimpleTextInput, read_key_stroke) == 8);
static_assert(offsetof(SimpleTextInput, wait_for_key) == 16);
static_assert(sizeof(SimpleTextInput) == 24);

}  // namespace uefi
