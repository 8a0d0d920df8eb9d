#pragma once
#include "rt/span.hpp"
#include "uefi_headers/device_path.hpp"
#include "uefi_headers/service_binding.hpp"

namespace platform {

/// What a device path says of a network that the program came from. UEFI 2.10 §10.3.4: nodes IPv4, DNS and URI.
struct BootPath {
  bool network = false;  // it goes over a network card
  rt::Text uri;          // empty: not by HTTP; in the path itself
  bool has_address = false;
  uefi::Ip4Address address{}, gateway{}, mask{}, name_server{};
};

/// Reads a device path; stops at its end node, at the end of the bytes, or where it is broken.
BootPath read_boot_path(rt::Span<const uint8_t> path);

/// The first address in option `code` of a DHCP packet, given its options (RFC 2132); zeros where it has none.
uefi::Ip4Address dhcp_address(rt::Span<const uint8_t> options, uint8_t code);

/// The bytes of a path that firmware holds, its end node excluded; none where it does not end within reason.
rt::Span<const uint8_t> path_bytes(const uefi::DevicePathProtocol* path);

}  // namespace platform
