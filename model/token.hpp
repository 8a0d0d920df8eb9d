#pragma once
#include <stdint.h>

namespace model {

using Token = uint32_t;

inline constexpr Token kBos = 1;  // begins a text; where the model draws it, the text has ended
inline constexpr Token kNoToken = ~0u;

}  // namespace model
