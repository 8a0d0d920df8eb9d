#pragma once
#include <stdint.h>

namespace platform {

/// What the program needs of AArch64 that C++ has no words for, beside what processor.hpp asks of every architecture.
/// Arm Architecture Reference Manual (DDI 0487), D19.

uint64_t read_id_aa64isar0();
uint64_t read_midr();

/// Ticks of the virtual counter in a second, as firmware has told the processor.
uint64_t read_cntfrq();

}  // namespace platform
