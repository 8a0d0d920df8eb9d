#pragma once
#include <cstdio>

#include "model/token.hpp"
#include "rt/span.hpp"

namespace test {

/// On one line, parted by spaces.
inline void print_ids(rt::Span<const model::Token> ids) {
  for (uint64_t i = 0; i < ids.count; ++i) std::printf(i ? " %u" : "%u", ids[i]);
  std::printf("\n");
}

}  // namespace test
