#include "model/kernels/select.hpp"

namespace model {
namespace {

constexpr const Kernels* kAll[] = {&kAvx512VnniKernels, &kAvx512Kernels, &kAvx2Kernels,
                                   &kSse2Kernels, &kSwarKernels, &kScalarKernels};

}  // namespace

rt::Span<const Kernels* const> all_kernels() { return {kAll, sizeof kAll / sizeof kAll[0]}; }

const Kernels* find_kernels(rt::Text name) {
  for (const Kernels* kernels : kAll)
    if (name == rt::Text(kernels->name)) return kernels;
  return nullptr;
}

}  // namespace model
