#pragma once
#include "rt/parse.hpp"

namespace platform {

/// How many bytes of a file's name are a model's ending; 0: none.
inline uint64_t model_ending(const rt::Text& name) {
  return rt::ends_with_any_case(name, ".bin") ? 4 : rt::ends_with_any_case(name, ".gguf") ? 5 : 0;
}

/// Is a file called so a model, as far as its name says? Such files are offered, and never saved over.
inline bool is_model_name(const rt::Text& name) { return model_ending(name) != 0; }

}  // namespace platform
