#pragma once
#include "rt/span.hpp"

namespace model {

enum class Role : uint8_t { system, user, assistant };

/// What one of them said.
struct Turn {
  Role role{};
  rt::Text text;
};

/// "system", "user", "assistant", in the order of Role.
inline constexpr const char* kRoleNames[] = {"system", "user", "assistant"};

}  // namespace model
