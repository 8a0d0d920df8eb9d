#pragma once
#include "rt/span.hpp"

namespace boot {

/// Is a file called so a model, as far as its name says?
bool is_model_name(rt::Text name);

}  // namespace boot
