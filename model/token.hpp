#pragma once
#include <stdint.h>

namespace model {

/// A piece of text by its number in the model's vocabulary.
using Token = uint32_t;

inline constexpr Token kNoToken = ~0u;

}  // namespace model
