#include "model/kernels/select.hpp"

namespace model {
namespace {

constexpr const Kernels* kAll[] = {&kSse2Kernels, &kScalarKernels};

}  // namespace

rt::Span<const Kernels* const> all_kernels() { return {kAll, sizeof kAll / sizeof kAll[0]}; }

const Kernels* find_kernels(rt::Text name) {
  for (const Kernels* kernels : kAll)
    if (name == rt::Text(kernels->name)) return kernels;
  return nullptr;
}

}  // namespace model
