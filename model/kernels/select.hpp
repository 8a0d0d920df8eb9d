#pragma once
#include "model/kernels/kernels.hpp"
#include "model/tensor.hpp"
#include "rt/arena.hpp"

namespace model {

inline constexpr uint32_t kKernelSets = 6;

/// Every kernel set in the program, the widest first.
rt::Span<const Kernels* const> all_kernels();

/// The set of this name, or null.
const Kernels* find_kernels(rt::Text name);

constexpr bool usable(const Kernels& kernels, rt::CpuFeatures features) {
  return features.cover(kernels.needs);
}

/// How long one product with a sample matrix took, at best.
struct Timing {
  const Kernels* kernels = nullptr;
  uint64_t ticks = 0;
};

/// Times every usable set on `sample`, a matrix of the model, each for about `budget` of the ticks
/// that `clock` counts, and returns them with the fastest first. `scratch` is rewound.
rt::Result<rt::Span<Timing>> measure_kernels(const Matrix& sample, rt::CpuFeatures features,
                                             uint64_t (*clock)(), uint64_t budget,
                                             Timing (&timings)[kKernelSets], rt::Arena& scratch);

}  // namespace model
