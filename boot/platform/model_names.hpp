#pragma once
#include "rt/span.hpp"

namespace platform {

/// Is a file called so a model, as far as its name says? Such files are offered, and never saved over.
bool is_model_name(rt::Text name);

}  // namespace platform
