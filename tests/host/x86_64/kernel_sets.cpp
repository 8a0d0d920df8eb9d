// All kernel sets that there are: tests compare each with the scalar one.
#include "model/kernels/select.hpp"
#include "model/kernels/x86_64/shared.hpp"

namespace model {
namespace {

constexpr const Kernels* kSets[] = {&kAvx512VnniKernels, &kAvxVnniKernels, &kAvx2Kernels,
                                    &kSse2Kernels,       &kSwarKernels,    &kScalarKernels};
static_assert(sizeof kSets / sizeof *kSets <= kMostKernelSets);

}  // namespace

rt::Span<const Kernels* const> all_kernels() { return {kSets, sizeof kSets / sizeof *kSets}; }

}  // namespace model
