#pragma once
#include "model/kernels/kernels.hpp"
#include "model/tensor.hpp"
#include "rt/arena.hpp"

namespace model {

inline constexpr uint32_t kMostKernelSets = 8;

/// Every kernel set in the program, the widest first. Which ones a program has is decided by linking: an image takes
/// the list of its architecture (x86_64/sets.cpp, aarch64/sets.cpp), and leaves out what is there to be read or is
/// hardly ever fastest; programs of this machine take all (tests/host/x86_64/kernel_sets.cpp).
rt::Span<const Kernels* const> all_kernels();

/// The set of this name, or null.
const Kernels* find_kernels(const rt::Text& name);

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
                                             Timing (&timings)[kMostKernelSets], rt::Arena& scratch);

}  // namespace model
