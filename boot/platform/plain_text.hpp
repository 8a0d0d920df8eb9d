#pragma once
#include "rt/span.hpp"

namespace platform {

/// ASCII in place of a character that a console cannot show: straight quotes for curly ones, "-"
/// for dashes, "..." for an ellipsis, letters without their accents, nothing for marks that have no
/// width, "?" for all else. Valid for the whole run.
rt::Text plain_text(char32_t character);

}  // namespace platform
