// All kernel sets that there are: tests compare each with the scalar one.
#include "model/kernels/aarch64/shared.hpp"
#include "model/kernels/select.hpp"

namespace model {
namespace {

constexpr const Kernels* kSets[] = {&kNeonDotKernels, &kNeonKernels, &kSwarKernels, &kScalarKernels};
static_assert(sizeof kSets / sizeof *kSets <= kMostKernelSets);

}  // namespace

rt::Span<const Kernels* const> all_kernels() { return {kSets, sizeof kSets / sizeof *kSets}; }

}  // namespace model
