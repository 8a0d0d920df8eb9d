#pragma once
#include "uefi_headers/types.hpp"

namespace uefi {

/// UEFI 2.10 §10.2, EFI_DEVICE_PATH_PROTOCOL: the head of one node. Nodes follow each other without
/// alignment, each `length` bytes long with its head; the last is of type kDevicePathEnd.
struct DevicePathProtocol {
  static constexpr Guid kGuid = guid("09576e91-6d3f-11d2-8e39-00a0c969723b");

  uint8_t type;
  uint8_t sub_type;
  uint8_t length_bytes[2];  // little-endian

  constexpr uint16_t length() const {
    return static_cast<uint16_t>(length_bytes[0] | length_bytes[1] << 8);
  }
};
static_assert(sizeof(DevicePathProtocol) == 4);
static_assert(alignof(DevicePathProtocol) == 1);

/// UEFI 2.10 §10.3.1: node types and the sub types that a boot program meets.
inline constexpr uint8_t kDevicePathHardware = 0x01;
inline constexpr uint8_t kDevicePathAcpi = 0x02;
inline constexpr uint8_t kDevicePathMessaging = 0x03;
inline constexpr uint8_t kDevicePathMedia = 0x04;
inline constexpr uint8_t kDevicePathMediaFilePath = 0x04;  // sub type: a UCS-2 path
inline constexpr uint8_t kDevicePathEnd = 0x7f;
inline constexpr uint8_t kDevicePathEndInstance = 0x01;  // sub type: another path follows
inline constexpr uint8_t kDevicePathEndEntire = 0xff;    // sub type: nothing follows

}  // namespace uefi
