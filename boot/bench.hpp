#pragma once
#include "boot/load.hpp"

namespace boot {

/// Measures how fast the model that is loaded takes token after token, and prints one line to share. What the last
/// story left in the model's cache is gone then. Esc or Ctrl-C ends it sooner.
void bench(Engine& engine, const Options& options, const Terminal& terminal);

}  // namespace boot
