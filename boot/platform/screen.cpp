#include "boot/platform/screen.hpp"

#include "boot/platform/firmware.hpp"
#include "uefi_headers/graphics_output.hpp"
#include "uefi_headers/serial_io.hpp"

namespace platform {

bool has_screen() { return locate_protocol<uefi::GraphicsOutput>() != nullptr; }

bool has_serial_line() { return locate_protocol<uefi::SerialIo>() != nullptr; }

}  // namespace platform
