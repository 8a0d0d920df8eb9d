// The kernel sets of llama-core.efi: one for processors with vectors of eight floats, one for all others and for QEMU.
#include "model/kernels/select.hpp"
#include "model/kernels/x86_64/shared.hpp"

namespace model {
namespace {

constexpr const Kernels* kSets[] = {&kAvx2Kernels, &kSwarKernels};

}  // namespace

// As in core_records.cpp: there are no records.
void avx2_multiply_exact(const ProductExact&) {}

rt::Span<const Kernels* const> all_kernels() { return {kSets, sizeof kSets / sizeof *kSets}; }

}  // namespace model
