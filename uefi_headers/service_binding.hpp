#pragma once
#include "uefi_headers/status.hpp"
#include "uefi_headers/types.hpp"

namespace uefi {

/// UEFI 2.10 §11.6, EFI_SERVICE_BINDING_PROTOCOL: makes instances ("children") of a network protocol. Each protocol has
/// its own GUID for it: P::kBindingGuid.
struct ServiceBinding {
  Status (*create_child)(ServiceBinding* self, Handle* child);  // *child null: a new handle
  Status (*destroy_child)(ServiceBinding* self, Handle child);
};
static_assert(sizeof(ServiceBinding) == 16);

/// EFI_IPv4_ADDRESS, in the order in which it is written.
struct Ip4Address {
  uint8_t bytes[4];
  bool operator==(const Ip4Address&) const = default;
};
static_assert(sizeof(Ip4Address) == 4 && alignof(Ip4Address) == 1);

/// What every call that goes on begins with: firmware sets the status, then signals the event.
struct CompletionToken {
  Event event;
  Status status;
};
static_assert(sizeof(CompletionToken) == 16);

}  // namespace uefi
