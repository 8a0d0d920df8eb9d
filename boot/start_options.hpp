#pragma once
#include "boot/options.hpp"
#include "boot/platform/console.hpp"
#include "rt/arena.hpp"

namespace boot {

/// What read_start_options() takes of its arena at most.
inline constexpr uint64_t kStartOptionsBytes = 100 * 1024;

/// Reads the options that a start of the program gives: llama.cfg, the command line, and the prompt's file; later ones
/// win. Their texts stay in `arena`.
rt::Result<void> read_start_options(Options& options, rt::Arena& arena, platform::Console& console);

}  // namespace boot
