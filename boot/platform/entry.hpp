#pragma once
#include "boot/platform/clock.hpp"
#include "boot/platform/console.hpp"
#include "boot/platform/keyboard.hpp"
#include "rt/result.hpp"
#include "uefi_headers/status.hpp"
#include "uefi_headers/system_table.hpp"

/// Where start.S goes. Returning ends the program. UEFI 2.10 §4.1 EFI_IMAGE_ENTRY_POINT.
extern "C" uefi::Status efi_main(uefi::Handle image, uefi::SystemTable* system);

namespace platform {

/// What efi_main runs: the program itself, which the floor above defines (boot/main.cpp). `started`: Clock::ticks() at
/// the beginning. An error has been shown when it is returned; whoever started the program gets its status.
rt::Result<void> run_program(Console& console, Keyboard& keyboard, Clock& clock, uint64_t started);

}  // namespace platform
