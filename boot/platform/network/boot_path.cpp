#include "boot/platform/network/boot_path.hpp"

#include "rt/memory.hpp"

namespace platform {
namespace {

constexpr uint64_t kHead = sizeof(uefi::DevicePathProtocol);
constexpr uint64_t kLongestPath = 8192;  // a URI in it may be long
constexpr uint8_t kMac = 11, kIp4 = 12, kUri = 24;  // sub types of messaging nodes
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
