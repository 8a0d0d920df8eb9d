#pragma once
#include "uefi_headers/service_binding.hpp"

namespace uefi {

/// UEFI 2.10 §29.6.4, EFI_DNS4_CONFIG_DATA.
struct Dns4ConfigData {
  Uintn server_count;
  const Ip4Address* servers;
  Boolean use_default_setting, enable_cache;
  uint8_t protocol;  // of IP: 17 is UDP
  Ip4Address station, subnet_mask;
  uint16_t local_port;
  uint32_t retry_count, retry_interval;  // seconds, at least 2
};
static_assert(offsetof(Dns4ConfigData, station) == 19 && offsetof(Dns4ConfigData, retry_count) == 32);
static_assert(sizeof(Dns4ConfigData) == 40);

/// UEFI 2.10 §29.6.4, DNS_HOST_TO_ADDR_DATA. Both it and its list are ours to free.
struct Dns4Addresses {
  uint32_t count;
  Ip4Address* list;
};

/// UEFI 2.10 §29.6.4, EFI_DNS4_COMPLETION_TOKEN.
struct Dns4Token {
  CompletionToken completion;
  uint32_t retry_count, retry_interval;  // 0: as configured
  Dns4Addresses* addresses;
};
static_assert(offsetof(Dns4Token, addresses) == 24 && sizeof(Dns4Token) == 32);

/// UEFI 2.10 §29.6, EFI_DNS4_PROTOCOL.
struct Dns4 {
  static constexpr Guid kGuid = guid("ae3d28cc-e05b-4fa1-a011-7eb55a3f1401");
  static constexpr Guid kBindingGuid = guid("b625b186-e063-44f7-8905-6a74dc6f52b4");

  Unused get_mode_data;
  Status (*configure)(Dns4* self, const Dns4ConfigData* config);
  Status (*host_name_to_ip)(Dns4* self, const Char16* name, Dns4Token* token);
  Unused ip_to_host_name, general_lookup, update_cache;
  Status (*poll)(Dns4* self);
  Status (*cancel)(Dns4* self, Dns4Token* token);
};
static_assert(offsetof(Dns4, poll) == 48 && sizeof(Dns4) == 64);

}  // namespace uefi
