#pragma once
#include "boot/engine.hpp"
#include "boot/options.hpp"
#include "boot/record.hpp"
#include "boot/terminal.hpp"

namespace boot {

/// Tells one story as `options` and `seed` say, token by token, and prints its statistics. `record` is filled
/// with it. `started`: the tick from which the seconds to the first token count. Esc or Ctrl-C ends
/// the story and is no error. Other processors work only while it is told.
rt::Result<void> tell_story(Engine& engine, const Options& options, uint64_t seed, Record& record,
                            const Terminal& terminal, uint64_t started);

}  // namespace boot
