#pragma once
#include "boot/options.hpp"
#include "boot/terminal.hpp"

namespace boot {

/// Reads the options that a start of the program gives: llama.cfg, the command line, and the prompt's file; later ones
/// win. Of what is wrong, llama.cfg costs a note; the command line an error, once all of it was read.
rt::Result<void> read_start_options(Options& options, const Terminal& terminal);

/// Reads options.prompt_file, where there is one, into options.prompt.
rt::Result<void> read_prompt_file(Options& options);

}  // namespace boot
