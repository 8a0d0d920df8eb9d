#pragma once
#include "uefi_headers/status.hpp"
#include "uefi_headers/types.hpp"

namespace uefi {

/// UEFI 2.10 §24.1, EFI_SIMPLE_NETWORK_MODE.
struct SimpleNetworkMode {
  uint32_t state, hardware_address_bytes, media_header_bytes, most_packet_bytes, nvram_bytes, nvram_access_bytes,
      receive_filter_mask, receive_filter_setting, most_multicast_filters, multicast_filters;
  uint8_t multicast_filter[16][32];
  uint8_t current_address[32], broadcast_address[32], permanent_address[32];
  uint8_t interface_type;
  Boolean mac_address_changeable, multiple_transmit_supported, media_present_supported, media_present;
};
static_assert(offsetof(SimpleNetworkMode, current_address) == 552);
static_assert(offsetof(SimpleNetworkMode, media_present) == 652);

/// UEFI 2.10 §24.1, EFI_SIMPLE_NETWORK_PROTOCOL: a network card. Here only to ask for its cable.
struct SimpleNetwork {
  static constexpr Guid kGuid = guid("a19832b9-ac25-11d3-9a2d-0090273fc14d");

  uint64_t revision;
  Unused start, stop, initialize, reset, shutdown, receive_filters, station_address, statistics, multicast_ip_to_mac,
      nvram_data;
  Status (*get_status)(SimpleNetwork* self, uint32_t* interrupts, void** transmit_buffer);  // refreshes `mode`
  Unused transmit, receive;
  Event wait_for_packet;
  const SimpleNetworkMode* mode;
};
static_assert(offsetof(SimpleNetwork, get_status) == 88 && offsetof(SimpleNetwork, mode) == 120);

}  // namespace uefi
