#include "boot/platform/power.hpp"

#include "boot/platform/firmware.hpp"

namespace platform {

namespace {

bool reset(uefi::ResetType type) {
  g_system->runtime_services->reset_system(type, uefi::Status::success, 0, nullptr);
  return false;
}

}  // namespace

bool power_off() { return reset(uefi::ResetType::shutdown); }
bool reboot() { return reset(uefi::ResetType::cold); }

}  // namespace platform
