#pragma once
#include "boot/engine.hpp"
#include "boot/options.hpp"
#include "boot/terminal.hpp"

namespace boot {

/// Finds the files that `options` name, reads them with a progress bar and makes `engine` ready.
/// Fails with a sentence that names the file; Errc::stopped where the user pressed Esc or Ctrl-C.
rt::Result<void> load(Engine& engine, const Options& options, const Terminal& terminal);

/// What the model that is loaded is, and the memory that is used.
void print_model(const Engine& engine, const Options& options, const Terminal& terminal);

}  // namespace boot
