#include "boot/platform/entry.hpp"

#include "boot/platform/firmware.hpp"
#include "boot/platform/pages.hpp"
#include "boot/platform/program.hpp"

namespace platform {
namespace {

uefi::Status status_of(const rt::Error& error) {
  using uefi::Status;
  switch (error.code) {
    case rt::Errc::firmware: {
      // What was an error to us must be one to whoever started us: firmware may call it a warning.
      const auto status = static_cast<Status>(error.detail);
      return uefi::is_error(status) ? status : Status::device_error;
    }
    case rt::Errc::not_found: return Status::not_found;
    case rt::Errc::out_of_memory: return Status::out_of_resources;
    case rt::Errc::bad_file: return Status::load_error;
    case rt::Errc::unsupported: return Status::unsupported;
    case rt::Errc::usage: return Status::invalid_parameter;
    case rt::Errc::stopped: return Status::aborted;
  }
  return Status::aborted;
}

}  // namespace
}  // namespace platform

extern "C" uefi::Status efi_main(uefi::Handle image, uefi::SystemTable* system) {
  using namespace platform;
  const uint64_t started = Clock::ticks();
  begin(image, system);
  if (const uefi::LoadedImage* loaded = loaded_image())
    count_memory(MemoryUse::image, static_cast<int64_t>(loaded->image_size));

  Console console(system->con_out);
  Keyboard keyboard(*system);
  Clock clock = Clock::start();
  const rt::Result<void> done = run_program(console, keyboard, clock, started);
  return done ? uefi::Status::success : status_of(done.error());
}
