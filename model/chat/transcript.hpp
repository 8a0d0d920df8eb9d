#pragma once
#include "model/chat/turn.hpp"
#include "rt/arena.hpp"
#include "rt/format.hpp"

namespace model {

// A conversation as a text that people read and write: a line "--- system", "--- user" or "--- assistant" begins a
// turn, and the lines up to the next are what was said, without the last line's end. A line that begins with --- or \
// has one more \ in front.

/// Writes the turns. parse_transcript() gives back the same, whatever was said.
void print_transcript(rt::Sink& out, rt::Span<const Turn> turns);

/// The turns of a transcript that was read from `file`, in memory from `arena`. A byte order mark in front and lines
/// that end with CR LF are as good.
rt::Result<rt::Span<Turn>> parse_transcript(rt::Text file, rt::Text text, rt::Arena& arena);

}  // namespace model
