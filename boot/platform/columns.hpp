#pragma once
#include <stdint.h>

namespace platform {

/// What columns_of() answers for characters that show nothing, and may change how others are shown.
inline constexpr uint32_t kNoColumns = ~uint32_t{0};

/// How many columns of a terminal `character` takes: 2 where the letters are square, 0 for what is set above or behind
/// the character before.
uint32_t columns_of(char32_t character);

}  // namespace platform
