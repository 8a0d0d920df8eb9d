#pragma once
#include "boot/platform/console.hpp"

namespace boot {

/// Draws a row of values as columns of # and dots, which every console can show, the first on the left, with the scale
/// and `title` beside them. More values than columns are averaged.
void plot(platform::Console& console, const char* title, const float* values, uint32_t count);

}  // namespace boot
