#pragma once
#include "boot/platform/console.hpp"

namespace boot {

/// Which program this is, on which firmware and processor.
void print_head(platform::Console& console);

}  // namespace boot
