#pragma once
#include "rt/result.hpp"

namespace boot {

/// The names in a table whose rows begin with one.
struct Names {
  const char* const* first;
  uint32_t count;
  uint32_t stride;  // bytes from one row to the next

  rt::Text operator[](uint32_t i) const {
    return *reinterpret_cast<const char* const*>(reinterpret_cast<const char*>(first) + uint64_t{i} * stride);
  }
  /// The place of `name`, or count.
  uint32_t find(const rt::Text& name) const;
  /// The name that somebody may have meant who typed `word`: at most two letters away. Empty: none.
  rt::Text nearest(const rt::Text& word) const;
};

/// The error where there is no `what` called `name`: says which was meant, if that can be guessed, and else `else_see`,
/// which tells how to see them all.
const rt::Error& no_such(const char* what, const rt::Text& name, const rt::Text& nearest, const char* else_see);

}  // namespace boot
