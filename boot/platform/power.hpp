#pragma once

namespace platform {

/// Switches the machine off. Returns only where firmware cannot, and then false.
/// UEFI 2.10 §8.5.1 ResetSystem(EfiResetShutdown).
bool power_off();

/// Starts the machine anew. Returns only where firmware cannot, and then false.
/// UEFI 2.10 §8.5.1 ResetSystem(EfiResetCold).
bool reboot();

}  // namespace platform
