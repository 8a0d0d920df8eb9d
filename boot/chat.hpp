#pragma once
#include "boot/load.hpp"

namespace boot {

/// Tells one story as `options` say, token by token, and prints its statistics. `started`: the
/// program's first tick, from which the seconds to the first token count. Esc or Ctrl-C ends the
/// story and is no error.
rt::Result<void> tell_story(Engine& engine, const Options& options, const Terminal& terminal,
                            uint64_t started);

}  // namespace boot
