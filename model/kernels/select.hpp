#pragma once
#include "model/kernels/kernels.hpp"
#include "rt/span.hpp"

namespace model {

/// Every kernel set in the program, the widest first.
rt::Span<const Kernels* const> all_kernels();

/// The set of this name, or null.
const Kernels* find_kernels(rt::Text name);

constexpr bool usable(const Kernels& kernels, uint32_t features) {
  return (kernels.needs & ~features) == 0;
}

}  // namespace model
