#include "boot/platform/firmware.hpp"

#include "rt/utf.hpp"

namespace platform {

void begin(uefi::Handle image, uefi::SystemTable* system) {
  set_firmware(image, system);
  (void)g_services->set_watchdog_timer(0, 0, 0, nullptr);
}

void print_firmware(rt::Sink& sink) {
  char buffer[128];
  const rt::Text vendor = g_system->firmware_vendor
                              ? rt::utf16_to_utf8({g_system->firmware_vendor, 60}, {buffer, sizeof buffer})
                              : rt::Text("unknown");
  const uint32_t revision = g_system->header.revision;
  rt::print(sink, "%pT 0x%x, UEFI %u.%u", &vendor, g_system->firmware_revision, revision >> 16,
            (revision & 0xffff) / 10);
}

StatusText::StatusText(uefi::Status status) {
  if (const char* name = uefi::status_name(status))
    rt::print_to({text_, sizeof text_}, "%s", name);
  else
    rt::print_to({text_, sizeof text_}, "EFI status 0x%llx",
                 static_cast<unsigned long long>(status));
}

const rt::Error& firmware_error(uefi::Status status, const char* format, ...) {
  char sentence[sizeof rt::Error::text - sizeof(StatusText)];
  va_list arguments;
  va_start(arguments, format);
  rt::vprint_to({sentence, sizeof sentence}, format, arguments);
  va_end(arguments);
  return rt::fail(rt::Errc::firmware, static_cast<uint64_t>(status), "%s: %s", sentence,
                  StatusText(status).c_str());
}

}  // namespace platform
