// The kernel sets of the core: one for every processor, and one for QEMU.
#include "model/kernels/aarch64/shared.hpp"
#include "model/kernels/select.hpp"

namespace model {
namespace {

constexpr const Kernels* kSets[] = {&kNeonKernels, &kSwarKernels};

}  // namespace

// As in core_records.cpp: there are no records.
void neon_multiply_exact(const ProductExact&) {}

rt::Span<const Kernels* const> all_kernels() { return {kSets, sizeof kSets / sizeof *kSets}; }

}  // namespace model
