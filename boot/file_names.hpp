#pragma once
#include "rt/span.hpp"

namespace boot {

/// Does `name` end so, in large or small letters? `suffix`: no letters but small ones.
bool ends_with_any_case(rt::Text name, rt::Text suffix);

/// Is a file called so a model, as far as its name says?
bool is_model_name(rt::Text name);

}  // namespace boot
