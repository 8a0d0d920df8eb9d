#pragma once
#include <stdint.h>

namespace platform {

/// A number that is another one every time: from the firmware's random number generator where
/// there is one that is ready (UEFI 2.10 §37.5), else from the processor's, mixed with the time.
uint64_t entropy();

}  // namespace platform
