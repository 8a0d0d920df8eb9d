#include "model/kernels/select.hpp"

#include "model/multiply.hpp"

namespace model {
namespace {

/// A vector, room for its product with the sample, and for the vector in the sample's format.
struct Operands {
  Rows x, y;
  Activations activations;
};

rt::Result<Operands> allocate(const Matrix& sample, rt::Arena& arena) {
  Operands o{.x = {nullptr, sample.cols}, .y = {nullptr, sample.rows}, .activations = {}};
  rt::Result<rt::Span<float>> x = arena.make_raw<float>(o.x.stride());
  if (!x) return x.error();
  rt::Result<rt::Span<float>> y = arena.make_raw<float>(o.y.stride());
  if (!y) return y.error();
  ActivationSize size;
  size.cover(sample);
  rt::Result<Activations> activations = make_activations(size, 1, arena);
  if (!activations) return activations.error();
  for (uint32_t i = 0; i < sample.cols; ++i) (*x)[i] = float(i % 7) - 3.0f;
  o.x.data = x->data;
  o.y.data = y->data;
  o.activations = *activations;
  return o;
}

void multiply(const Kernels& kernels, const Matrix& m, const Operands& o) {
  rt::Alone alone;
  const Product product[] = {{&m, o.y}};
  Multiply(kernels, o.activations, {product, 1}, o.x, 1).run_on(alone);
}

}  // namespace

const Kernels* find_kernels(const rt::Text& name) {
  for (const Kernels* kernels : all_kernels())
    if (name == rt::Text(kernels->name)) return kernels;
  return nullptr;
}

rt::Result<rt::Span<Timing>> measure_kernels(const Matrix& sample, rt::CpuFeatures features,
                                             uint64_t (*clock)(), uint64_t budget,
                                             Timing (&timings)[kMostKernelSets], rt::Arena& scratch) {
  const rt::Arena::Mark mark = scratch.mark();
  rt::Result<Operands> operands = allocate(sample, scratch);
  if (!operands) {
    scratch.rewind(mark);
    return operands.error();
  }
  uint32_t n = 0;
  for (const Kernels* kernels : all_kernels()) {
    if (!usable(*kernels, features)) continue;
    multiply(*kernels, sample, *operands);  // translated, or brought into the caches
    const uint64_t start = clock();
    uint64_t best = ~uint64_t{0}, before = start, now = start;
    do {  // the best of several: others may have the processor at times
      multiply(*kernels, sample, *operands);
      now = clock();
      best = rt::min(best, now - before);
      before = now;
    } while (now - start < budget);
    uint32_t place = n++;
    for (; place && timings[place - 1].ticks > best; --place) timings[place] = timings[place - 1];
    timings[place] = {kernels, best};
  }
  scratch.rewind(mark);
  return rt::Span<Timing>{timings, n};
}

}  // namespace model
