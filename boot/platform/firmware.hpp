#pragma once
#include "rt/format.hpp"
#include "rt/result.hpp"
#include "uefi_headers/status.hpp"
#include "uefi_headers/system_table.hpp"
#include "uefi_headers/types.hpp"

/// Firmware as plain C++. Everything in this folder runs on the boot processor only, at
/// TPL_APPLICATION, after set_firmware().
namespace platform {

// Set once, in efi_main; tests point them at tables of their own.
inline constinit uefi::Handle g_image = nullptr;
inline constinit uefi::SystemTable* g_system = nullptr;
inline constinit uefi::BootServices* g_services = nullptr;

inline void set_firmware(uefi::Handle image, uefi::SystemTable* system) {
  g_image = image;
  g_system = system;
  g_services = system->boot_services;
}

/// The first thing in efi_main: set_firmware(), and the watchdog is switched off. The boot manager resets a machine
/// whose program has not ended after five minutes.
void begin(uefi::Handle image, uefi::SystemTable* system);

/// The protocol P of `handle`, or null where it has none. Borrowed: nothing is to be closed.
/// UEFI 2.10 §7.3 EFI_BOOT_SERVICES.HandleProtocol().
template <uefi::Protocol P>
P* handle_protocol(uefi::Handle handle) {
  void* found = nullptr;
  if (!handle) return nullptr;
  const uefi::Status status = g_services->handle_protocol(handle, &P::kGuid, &found);
  return status == uefi::Status::success ? static_cast<P*>(found) : nullptr;
}

/// The first P in the system, or null where there is none. Borrowed.
/// UEFI 2.10 §7.3 EFI_BOOT_SERVICES.LocateProtocol().
template <uefi::Protocol P>
P* locate_protocol() {
  void* found = nullptr;
  const uefi::Status status = g_services->locate_protocol(&P::kGuid, nullptr, &found);
  return status == uefi::Status::success ? static_cast<P*>(found) : nullptr;
}

/// What firmware says of itself, for people: who made it, its revision, and which UEFI it implements. UEFI 2.10 §4.3.
void print_firmware(rt::Sink& sink);

/// A status for a message: the spec's name, or "EFI status 0x..." for one that it does not list.
class StatusText {
 public:
  explicit StatusText(uefi::Status status);
  const char* c_str() const { return text_; }

 private:
  char text_[40];
};

/// An Errc::firmware of what firmware answered: the sentence is `format` filled in, then
/// ": EFI_..."; detail is the status.
[[gnu::format(printf, 2, 3)]] const rt::Error& firmware_error(uefi::Status status, const char* format,
                                                       ...);

}  // namespace platform
