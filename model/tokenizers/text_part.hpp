#pragma once
#include "rt/span.hpp"

namespace model {

/// A part of a text to encode. Special tokens (<|im_end|>) are recognised in trusted parts only, so that nobody ends a
/// turn by typing one.
struct TextPart {
  rt::Text text;
  bool trusted = false;
};

}  // namespace model
