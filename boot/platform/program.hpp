#pragma once
#include "rt/span.hpp"
#include "uefi_headers/loaded_image.hpp"

namespace platform {

/// What firmware says of this program. UEFI 2.10 §9.1, EFI_LOADED_IMAGE_PROTOCOL. Null only where
/// firmware is broken.
uefi::LoadedImage* loaded_image();

/// The program's code, as it lies in memory. Empty where firmware does not say where that is.
rt::Span<const uint8_t> program_code();

/// The folder that the program was started from, as a path on its volume that ends with \; "\"
/// where firmware does not say. In `buffer`, cut to it.
rt::Text program_folder(rt::Span<char> buffer);

/// The command line that a shell, a boot entry or a network boot handed over, as UTF-8 in `buffer`.
/// `unreadable` is set where there was something that is no text. Firmware may hand over anything:
/// the spec says nothing of LoadOptions, some pass a whole EFI_LOAD_OPTION, whose optional data is
/// taken then (§3.1.3).
rt::Span<char> command_line(rt::Span<char> buffer, bool& unreadable);

/// command_line() of given bytes: for tests.
rt::Span<char> decode_load_options(rt::Span<const uint8_t> options, rt::Span<char> buffer,
                                   bool& unreadable);

}  // namespace platform
