#include "model/multiply.hpp"

namespace model {

rt::Result<Quantized> make_quantized(const ActivationSize& size, uint32_t n, rt::Arena& arena) {
  rt::Result<rt::Span<float>> scale = arena.make_raw<float>(n * size.groups);
  rt::Result<rt::Span<int32_t>> offset = arena.make_raw<int32_t>(n * size.groups);
  rt::Result<rt::Span<int8_t>> q = arena.make_raw<int8_t>(n * size.columns);
  rt::Result<rt::Span<int16_t>> pairs = arena.make_raw<int16_t>(n * size.columns);
  if (!pairs) return pairs.error();  // none is larger than the next: where one failed, this did
  return Quantized{q->data, pairs->data, scale->data, offset->data};
}

Multiply::Multiply(const Kernels& kernels, const Quantized& room, rt::Span<const Product> products,
                   const Rows& x, uint32_t n)
    : kernels_(kernels), products_(products), n_(n), room_(room), x_(x) {
  const Matrix& w = *products[0].w;
  if (w.format == WeightFormat::q8)
    kernels.quantize({x.data, n, w.cols, x.stride(), w.groups.size, w.groups.count, w.groups.words, room});
}

void Multiply::run_on(rt::Workers& workers) {
  slices_ = rt::min(workers.slices(), products_[0].w->blocks());
  workers.run(*this, slices_);
}

void Multiply::run(uint32_t slice) {
  for (const Product& product : products_) {
    const Matrix& w = *product.w;
    const uint32_t last = edge(w.blocks(), slice + 1);
    for (uint32_t block = edge(w.blocks(), slice); block < last;) {
      const Matrix::Run run = w.run(block, last);
      multiply(w, run, product.y.data + uint64_t{block} * kBlockRows, product.y.stride());
      block += run.blocks;
    }
  }
}

void Multiply::multiply(const Matrix& w, Matrix::Run run, float* y, uint64_t y_stride) const {
  if (w.format == WeightFormat::f32)
    kernels_.multiply_f32({reinterpret_cast<const float*>(run.data), run.blocks, w.cols, x_.data, n_,
                           x_.stride(), y, y_stride});
  else
    kernels_.multiply_q8({run.data, run.blocks, w.groups.count, w.groups.words, room_, n_, y, y_stride});
}

}  // namespace model
