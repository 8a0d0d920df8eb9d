#pragma once
#include "uefi_headers/service_binding.hpp"

namespace uefi {

/// UEFI 2.10 §29.2.4, EFI_DHCP4_STATE.
enum class Dhcp4State : uint32_t {
  stopped = 0, init = 1, selecting = 2, requesting = 3, bound = 4, renewing = 5, rebinding = 6, init_reboot = 7,
  rebooting = 8,
};

/// UEFI 2.10 §29.2.4, EFI_DHCP4_PACKET, up to its options. `length` counts from `header` on.
struct Dhcp4Packet {
  uint32_t size;
  uint32_t length;
  uint8_t header[236];
  uint8_t magic[4];
  // The options follow: code, length, data.
};
static_assert(offsetof(Dhcp4Packet, header) == 8 && sizeof(Dhcp4Packet) == 248);

/// UEFI 2.10 §29.2.4, EFI_DHCP4_CONFIG_DATA.
struct Dhcp4ConfigData {
  uint32_t discover_try_count;
  uint32_t* discover_timeout;  // seconds, one for each try
  uint32_t request_try_count;
  uint32_t* request_timeout;
  Ip4Address client_address;
  void* callback;
  void* callback_context;
  uint32_t option_count;
  const uint8_t** option_list;  // each: code, length, data
};
static_assert(offsetof(Dhcp4ConfigData, client_address) == 32 && offsetof(Dhcp4ConfigData, callback) == 40);
static_assert(offsetof(Dhcp4ConfigData, option_list) == 64 && sizeof(Dhcp4ConfigData) == 72);

/// UEFI 2.10 §29.2.4, EFI_DHCP4_MODE_DATA.
struct Dhcp4ModeData {
  Dhcp4State state;
  Dhcp4ConfigData config;
  Ip4Address client_address;
  uint8_t client_mac_address[32];
  Ip4Address server_address, router_address, subnet_mask;
  uint32_t lease_time;  // seconds
  const Dhcp4Packet* reply_packet;
};
static_assert(offsetof(Dhcp4ModeData, client_address) == 80 && offsetof(Dhcp4ModeData, router_address) == 120);
static_assert(offsetof(Dhcp4ModeData, reply_packet) == 136 && sizeof(Dhcp4ModeData) == 144);

/// UEFI 2.10 §29.2, EFI_DHCP4_PROTOCOL. While an instance is bound, firmware renews the lease.
struct Dhcp4 {
  static constexpr Guid kGuid = guid("8a219718-4ef5-4761-91c8-c0f04bda9e56");
  static constexpr Guid kBindingGuid = guid("9d9a39d8-bd42-4a73-a4d5-8ee94be11380");

  Status (*get_mode_data)(Dhcp4* self, Dhcp4ModeData* mode);
  Status (*configure)(Dhcp4* self, const Dhcp4ConfigData* config);
  Status (*start)(Dhcp4* self, Event completion);  // null: does not come back before it is done
  Unused renew_rebind;
  Status (*release)(Dhcp4* self);
  Status (*stop)(Dhcp4* self);
  Unused build, transmit_receive, parse;
};
static_assert(offsetof(Dhcp4, stop) == 40 && sizeof(Dhcp4) == 72);

}  // namespace uefi
