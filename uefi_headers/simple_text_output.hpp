#pragma once
#include "uefi_headers/status.hpp"
#include "uefi_headers/types.hpp"

namespace uefi {

/// UEFI 2.10 §12.4.7, SetAttribute(): bits 0 to 3 are the foreground, 4 to 6 the background, which
/// must be one of the first eight.
enum class Color : uint8_t {
  black = 0,
  blue = 1,
  green = 2,
  cyan = 3,
  red = 4,
  magenta = 5,
  brown = 6,
  light_gray = 7,
  dark_gray = 8,
  light_blue = 9,
  light_green = 10,
  light_cyan = 11,
  light_red = 12,
  light_magenta = 13,
  yellow = 14,
  white = 15,
};
constexpr Uintn text_attribute(Color foreground, Color background) {
  return static_cast<Uintn>(foreground) | (static_cast<Uintn>(background) & 7) << 4;
}

/// UEFI 2.10 §12.4.1, SIMPLE_TEXT_OUTPUT_MODE.
struct SimpleTextOutputMode {
  int32_t max_mode;  // modes are 0 to max_mode - 1
  int32_t mode;      // -1: none
  int32_t attribute;
  int32_t cursor_column, cursor_row;  // from 0
  Boolean cursor_visible;
};
static_assert(offsetof(SimpleTextOutputMode, cursor_column) == 12);
static_assert(sizeof(SimpleTextOutputMode) == 24);

/// UEFI 2.10 §12.4, EFI_SIMPLE_TEXT_OUTPUT_PROTOCOL. Strings end with a zero; lines end with
/// "\r\n".
struct SimpleTextOutput {
  static constexpr Guid kGuid = guid("387477c2-69c7-11d2-8e39-00a0c969723b");

  Status (*reset)(SimpleTextOutput* self, Boolean extended_verification);
  Status (*output_string)(SimpleTextOutput* self, const Char16* text);
  Status (*test_string)(SimpleTextOutput* self, const Char16* text);  // unsupported: no glyph
  Status (*query_mode)(SimpleTextOutput* self, Uintn mode, Uintn* columns, Uintn* rows);
  Status (*set_mode)(SimpleTextOutput* self, Uintn mode);
  Status (*set_attribute)(SimpleTextOutput* self, Uintn attribute);
  Status (*clear_screen)(SimpleTextOutput* self);
  Status (*set_cursor_position)(SimpleTextOutput* self, Uintn column, Uintn row);
  Status (*enable_cursor)(SimpleTextOutput* self, Boolean visible);
  const SimpleTextOutputMode* mode;
};
static_assert(offsetof(SimpleTextOutput, reset) == 0);
static_assert(offsetof(SimpleTextOutput, output_string) == 8);
static_assert(offsetof(SimpleTextOutput, test_string) == 16);
static_assert(offsetof(SimpleTextOutput, query_mode) == 24);
static_assert(offsetof(SimpleTextOutput, set_mode) == 32);
static_assert(offsetof(SimpleTextOutput, set_attribute) == 40);
static_assert(offsetof(SimpleTextOutput, clear_screen) == 48);
static_assert(offsetof(SimpleTextOutput, set_cursor_position) == 56);
static_assert(offsetof(SimpleTextOutput, enable_cursor) == 64);
static_assert(offsetof(SimpleTextOutput, mode) == 72);
static_assert(sizeof(SimpleTextOutput) == 80);

}  // namespace uefi
