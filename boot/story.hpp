#pragma once
#include "boot/engine.hpp"
#include "boot/options.hpp"
#include "boot/record.hpp"
#include "boot/row_gate.hpp"
#include "boot/terminal.hpp"

namespace boot {

/// Tells one story that begins with `prompt`, as `options` and `seed` say, token by token, and prints its statistics.
/// `session`, of this engine, and `record` are those of the story then; where it cannot begin, they are as they were.
/// `started`: the tick from which the seconds to the first token count. Esc or Ctrl-C ends the story and is no error.
/// Other processors work only while it is told. `gate`: what may halt it, or null.
rt::Result<void> tell_story(Engine& engine, model::Session& session, const Options& options, rt::Text prompt,
                            uint64_t seed, Record& record, const Terminal& terminal, uint64_t started, RowGate* gate);

/// Goes on with the story that `session` and `record` hold, by options.steps tokens.
rt::Result<void> continue_story(Engine& engine, model::Session& session, const Options& options, Record& record,
                                const Terminal& terminal, RowGate* gate);

}  // namespace boot
