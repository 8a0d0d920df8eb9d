#pragma once
#include "boot/engine.hpp"
#include "boot/platform/cpu.hpp"
#include "boot/options.hpp"
#include "boot/terminal.hpp"

namespace boot {

/// The model that is loaded where none is named.
inline constexpr rt::Text kDefaultModel = "\\models\\default.bin";

/// Finds the files that `options` name, reads them with a progress bar and makes `engine` ready.
/// Fails with a sentence that names the file; Errc::stopped where the user pressed Esc or Ctrl-C.
/// `features`: what the processor lets code use. `beside`: another model is in memory, which could make room; then a
/// context that is shorter than what was wanted is Errc::out_of_memory.
rt::Result<void> load(Engine& engine, rt::CpuFeatures features, bool beside, const Options& options,
                      const Terminal& terminal);

/// What the model that is loaded is, and the memory that was asked of firmware, by what it is for.
void print_model(const Engine& engine, const Options& options, const Terminal& terminal);

}  // namespace boot
