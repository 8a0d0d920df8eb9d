#pragma once
#include "rt/parse.hpp"

namespace platform {

/// Is a file called so a model, as far as its name says? Such files are offered, and never saved over.
inline bool is_model_name(const rt::Text& name) {
  return rt::ends_with_any_case(name, ".bin") || rt::ends_with_any_case(name, ".gguf");
}

}  // namespace platform
