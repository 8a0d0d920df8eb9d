#include "model/kernels/select.hpp"

namespace model {
namespace {

constexpr const Kernels* kAll[kKernelSets] = {&kAvx512VnniKernels, &kAvx512Kernels, &kAvx2Kernels,
                                              &kSse2Kernels,       &kSwarKernels,   &kScalarKernels};

/// A vector and room for its product with the sample.
struct Operands {
  float* x;
  float* y;
  Quantized quantized;
};

rt::Result<Operands> allocate(const Matrix& sample, rt::Arena& arena) {
  const uint64_t columns = sample.groups.row_stride();
  rt::Result<rt::Span<float>> x = arena.make_raw<float>(sample.cols);
  rt::Result<rt::Span<float>> y = arena.make_raw<float>(uint64_t{sample.blocks()} * kBlockRows);
  rt::Result<rt::Span<float>> scale = arena.make_raw<float>(sample.groups.count);
  rt::Result<rt::Span<int32_t>> offset = arena.make_raw<int32_t>(sample.groups.count);
  rt::Result<rt::Span<int8_t>> q = arena.make_raw<int8_t>(columns);
  rt::Result<rt::Span<int16_t>> pairs = arena.make_raw<int16_t>(columns);
  if (!x) return x.error();
  if (!y) return y.error();
  if (!pairs) return pairs.error();  // no smaller than scale, offset and q
  for (uint32_t i = 0; i < sample.cols; ++i) (*x)[i] = float(i % 7) - 3.0f;
  return Operands{x->data, y->data, {q->data, pairs->data, scale->data, offset->data}};
}

void multiply(const Kernels& kernels, const Matrix& m, const Operands& o) {
  if (m.dtype == DType::f32) {
    kernels.multiply_f32({reinterpret_cast<const float*>(m.data), m.blocks(), m.cols, o.x, 1, m.cols,
                          o.y, 0});
    return;
  }
  const Groups& g = m.groups;
  kernels.quantize({o.x, 1, m.cols, m.cols, g.size, g.count, g.words, o.quantized});
  kernels.multiply_q8({m.data, m.blocks(), g.count, g.words, o.quantized, 1, o.y, 0});
}

}  // namespace

rt::Span<const Kernels* const> all_kernels() { return {kAll, kKernelSets}; }

const Kernels* find_kernels(rt::Text name) {
  for (const Kernels* kernels : kAll)
    if (name == rt::Text(kernels->name)) return kernels;
  return nullptr;
}

rt::Result<rt::Span<Timing>> measure_kernels(const Matrix& sample, rt::CpuFeatures features,
                                             uint64_t (*clock)(), uint64_t budget,
                                             Timing (&timings)[kKernelSets], rt::Arena& scratch) {
  const uint64_t mark = scratch.mark();
  rt::Result<Operands> operands = allocate(sample, scratch);
  if (!operands) {
    scratch.rewind(mark);
    return operands.error();
  }
  uint32_t n = 0;
  for (const Kernels* kernels : kAll) {
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
