// The kernel sets of an image. Left out: scalar, which swar beats everywhere.
#include "model/kernels/aarch64/shared.hpp"
#include "model/kernels/select.hpp"

namespace model {
namespace {

constexpr const Kernels* kSets[] = {&kNeonDotKernels, &kNeonKernels, &kSwarKernels};

static_assert(sizeof kSets / sizeof *kSets <= kMostKernelSets);

}  // namespace

rt::Span<const Kernels* const> all_kernels() { return {kSets, sizeof kSets / sizeof *kSets}; }

}  // namespace model
