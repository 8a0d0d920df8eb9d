#pragma once
#include <stddef.h>
#include <stdint.h>

/// The UEFI ABI as C++ types: what is passed to firmware and what firmware passes back, nothing
/// that runs. Function pointers carry no calling convention: for the target of the image
/// (x86_64-unknown-windows) the compiler's own convention is that of UEFI 2.10 §2.3.4.2, and host
/// tests fake tables in the host's.
namespace uefi {

// UEFI 2.10 §2.3.1 Table 2.3, common data types.
using Handle = struct OpaqueHandle*;
using Event = struct OpaqueEvent*;
using Uintn = uint64_t;
using Intn = int64_t;
using Char16 = char16_t;  // UCS-2: one unit, one character
using PhysicalAddress = uint64_t;
using VirtualAddress = uint64_t;

/// The type of a table slot that no one here calls. Nobody defines it: such a slot cannot be
/// called.
using Unused = struct NotDeclared*;

enum class Boolean : uint8_t { no = 0, yes = 1 };  // firmware may use any non-zero byte for yes
constexpr bool is_true(Boolean b) { return b != Boolean::no; }
constexpr Boolean to_boolean(bool b) { return b ? Boolean::yes : Boolean::no; }

/// Task priority levels. UEFI 2.10 §7.1, table 7.3.
enum class Tpl : Uintn { application = 4, callback = 8, notify = 16, high_level = 31 };

/// 128-bit identifier; the first three groups of its text are stored little-endian. UEFI 2.10
/// Appendix A.
struct alignas(8) Guid {
  uint8_t bytes[16];
  bool operator==(const Guid&) const = default;
};

void malformed_guid();  // declared for guid() only: calling it is no constant expression

/// The GUID that the spec prints as `text`. A misprint does not compile.
consteval Guid guid(const char (&text)[37]) {
  constexpr uint8_t kPlace[] = {3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};
  Guid result{};
  int digits = 0;
  for (int i = 0; i < 36; ++i) {
    const char c = text[i];
    if (i == 8 || i == 13 || i == 18 || i == 23) {
      if (c != '-') malformed_guid();
      continue;
    }
    const int value = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
    if (value < 0) malformed_guid();
    uint8_t& byte = result.bytes[kPlace[digits++ / 2]];
    byte = static_cast<uint8_t>(byte * 16 + value);
  }
  return result;
}

/// A protocol is a table of functions that firmware finds by its GUID.
template <class P>
concept Protocol = requires {
  P::kGuid.bytes;
};

/// What every table begins with. UEFI 2.10 §4.2, EFI_TABLE_HEADER.
struct TableHeader {
  uint64_t signature;
  uint32_t revision;  // major << 16 | minor in decimal tens: 2.10 is 0x00020064
  uint32_t header_size;
  uint32_t crc32;
  uint32_t reserved;
};

/// UEFI 2.10 §8.3, EFI_TIME.
struct Time {
  uint16_t year;   // 1900 to 9999
  uint8_t month;   // 1 to 12
  uint8_t day;     // 1 to 31
  uint8_t hour;    // 0 to 23
  uint8_t minute;  // 0 to 59
  uint8_t second;  // 0 to 59
  uint8_t pad1;
  uint32_t nanosecond;  // 0 to 999,999,999
  int16_t time_zone;    // minutes from UTC, -1440 to 1440, or 2047: unspecified
  uint8_t daylight;
  uint8_t pad2;
};

static_assert(sizeof(Handle) == 8 && sizeof(Event) == 8 && sizeof(Unused) == 8);
static_assert(sizeof(Boolean) == 1 && sizeof(Tpl) == 8 && sizeof(Char16) == 2);
static_assert(sizeof(Guid) == 16 && sizeof(TableHeader) == 24 && sizeof(Time) == 16);
static_assert(offsetof(Time, nanosecond) == 8 && offsetof(Time, time_zone) == 12);
static_assert(guid("00112233-4455-6677-8899-aabbccddeeff") ==
              Guid{{0x33, 0x22, 0x11, 0x00, 0x55, 0x44, 0x77, 0x66, 0x88, 0x99, 0xaa, 0xbb, 0xcc,
                    0xdd, 0xee, 0xff}});

}  // namespace uefi
