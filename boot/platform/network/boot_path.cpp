#include "boot/platform/network/boot_path.hpp"

#include "rt/memory.hpp"

namespace platform {
namespace {

constexpr uint64_t kHead = sizeof(uefi::DevicePathProtocol);
constexpr uint64_t kLongestPath = 8192;  // a URI in it may be long
constexpr uint8_t kMac = 11, kIp4 = 12, kUri = 24, kDns = 31;  // sub types of messaging nodes
// Of an IPv4 node, from its beginning.
constexpr uint64_t kIp4Local = 4, kIp4Gateway = 19, kIp4Mask = 23, kIp4Bytes = 27;

uefi::Ip4Address address_at(const uint8_t* at) { return rt::load<uefi::Ip4Address>(at); }

}  // namespace

BootPath read_boot_path(rt::Span<const uint8_t> path) {
  BootPath result;
  while (path.count >= kHead && path[0] != uefi::kDevicePathEnd) {
    const uint64_t length = uint64_t(path[2] | path[3] << 8);
    if (length < kHead || length > path.count) break;
    if (path[0] == uefi::kDevicePathMessaging) {
      result.network |= path[1] == kMac;
      if (path[1] == kUri) result.uri = {reinterpret_cast<const char*>(path.data + kHead), length - kHead};
      // Of DNS: is it IPv6? Then addresses of 16 bytes, for either.
      if (path[1] == kDns && length >= kHead + 1 + 16 && path[4] == 0) result.name_server = address_at(path.data + 5);
      if (path[1] == kIp4 && length >= kIp4Bytes) {
        result.address = address_at(path.data + kIp4Local);
        result.gateway = address_at(path.data + kIp4Gateway);
        result.mask = address_at(path.data + kIp4Mask);
        result.has_address = !(result.address == uefi::Ip4Address{}) && !(result.mask == uefi::Ip4Address{});
      }
    }
    path = path.from(length);
  }
  return result;
}

uefi::Ip4Address dhcp_address(rt::Span<const uint8_t> options, uint8_t code) {
  constexpr uint8_t kPad = 0, kEnd = 255;
  while (!options.empty() && options[0] != kEnd) {
    if (options[0] == kPad) {
      options = options.from(1);
      continue;
    }
    if (options.count < 2 || options.count - 2 < options[1]) break;
    if (options[0] == code && options[1] >= 4) return address_at(options.data + 2);
    options = options.from(2 + uint64_t{options[1]});
  }
  return {};
}

rt::Span<const uint8_t> path_bytes(const uefi::DevicePathProtocol* path) {
  const auto* const bytes = reinterpret_cast<const uint8_t*>(path);
  for (uint64_t at = 0; bytes && at < kLongestPath;) {
    const auto* const node = reinterpret_cast<const uefi::DevicePathProtocol*>(bytes + at);
    if (node->type == uefi::kDevicePathEnd) return {bytes, at};
    if (node->length() < kHead) break;
    at += node->length();
  }
  return {};
}

}  // namespace platform
