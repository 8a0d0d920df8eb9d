#pragma once

namespace platform {

/// Is the console on a screen? UEFI 2.10 §12.9.
bool has_screen();
/// Is there a serial line, which firmware usually makes part of the console? UEFI 2.10 §12.8.
bool has_serial_line();

}  // namespace platform
