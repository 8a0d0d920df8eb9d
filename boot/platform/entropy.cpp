#include "boot/platform/entropy.hpp"

#include "boot/platform/clock.hpp"
#include "boot/platform/firmware.hpp"
#include "boot/platform/processor.hpp"
#include "rt/memory.hpp"
#include "uefi_headers/rng.hpp"
#include "uefi_headers/runtime_services.hpp"

namespace platform {
namespace {

/// splitmix64's mixing step (Steele, Lea, Flood 2014): every bit of `value` moves half of the result.
uint64_t mix(uint64_t value) {
  value = (value ^ value >> 30) * 0xbf58476d1ce4e5b9;
  value = (value ^ value >> 27) * 0x94d049bb133111eb;
  return value ^ value >> 31;
}

uint64_t from_firmware() {
  uint64_t value = 0;
  auto* rng = locate_protocol<uefi::Rng>();
  if (!rng) return 0;
  const uefi::Status status =
      rng->get_rng(rng, nullptr, sizeof value, reinterpret_cast<uint8_t*>(&value));
  return status == uefi::Status::success ? value : 0;
}

uint64_t from_time() {
  uefi::Time time{};
  if (g_system->runtime_services->get_time(&time, nullptr) != uefi::Status::success) return 0;
  return mix(rt::load<uint64_t>(reinterpret_cast<const uint8_t*>(&time)));
}

}  // namespace

uint64_t entropy() {
  return mix(from_firmware() ^ mix(random_of_processor() ^ mix(from_time() ^ Clock::ticks())));
}

}  // namespace platform
