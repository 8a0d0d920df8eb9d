#pragma once
#include "boot/platform/console.hpp"

namespace boot {

/// Which program this is.
void print_title(platform::Console& console);
/// On which firmware and processor it runs.
void print_machine(platform::Console& console);

}  // namespace boot
