#pragma once
#include "rt/span.hpp"

namespace model {

/// Whether a token with this text ends what a model writes, whatever type its file gives it: chat models end their
/// turns with tokens that not every file names.
bool is_end_text(const rt::Text& text);

}  // namespace model
