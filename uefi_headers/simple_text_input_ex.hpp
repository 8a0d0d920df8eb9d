#pragma once
#include "uefi_headers/simple_text_input.hpp"
#include "uefi_headers/status.hpp"
#include "uefi_headers/types.hpp"

namespace uefi {

/// UEFI 2.10 §12.2.3, KeyShiftState. Means something only with kShiftStateValid.
inline constexpr uint32_t kShiftStateValid = 0x80000000;
inline constexpr uint32_t kRightShift = 0x00000001;
inline constexpr uint32_t kLeftShift = 0x00000002;
inline constexpr uint32_t kRightControl = 0x00000004;
inline constexpr uint32_t kLeftControl = 0x00000008;
inline constexpr uint32_t kRightAlt = 0x00000010;
inline constexpr uint32_t kLeftAlt = 0x00000020;

/// UEFI 2.10 §12.2.3, EFI_KEY_TOGGLE_STATE.
inline constexpr uint8_t kToggleStateValid = 0x80;
inline constexpr uint8_t kKeyStateExposed = 0x40;  // also report keys that are shifts alone

/// UEFI 2.10 §12.2.3, EFI_KEY_STATE.
struct KeyState {
  uint32_t shift_state;
  uint8_t toggle_state;
};
static_assert(sizeof(KeyState) == 8);

/// UEFI 2.10 §12.2.3, EFI_KEY_DATA.
struct KeyData {
  InputKey key;
  KeyState state;
};
static_assert(sizeof(KeyData) == 12);

/// UEFI 2.10 §12.2, EFI_SIMPLE_TEXT_INPUT_EX_PROTOCOL.
struct SimpleTextInputEx {
  static constexpr Guid kGuid = guid("dd9e7534-7762-4698-8c14-f58517a625aa");

  Status (*reset)(SimpleTextInputEx* self, Boolean extended_verification);
  Status (*read_key_stroke_ex)(SimpleTextInputEx* self, KeyData* key_data);  // not_ready: no key
  Event wait_for_key_ex;
  Unused set_state;
  Unused register_key_notify, unregister_key_notify;
};
static_assert(offsetof(SimpleTextInputEx, reset) == 0);
static_assert(offsetof(SimpleTextInputEx, read_key_stroke_ex) == 8);
static_assert(offsetof(SimpleTextInputEx, wait_for_key_ex) == 16);
static_assert(sizeof(SimpleTextInputEx) == 48);

}  // namespace uefi
