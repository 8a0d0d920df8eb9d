#include "model/multiply.hpp"

namespace model {

rt::Result<Activations> make_activations(const ActivationSize& size, uint32_t n, rt::Arena& arena) {
  // Every piece is asked for, so that the last that fails is seen. An arena that has failed may still
  // have room for a smaller piece.
  bool good = true;
  const auto make = [&]<class T>(T*& place, uint64_t count) {
    rt::Result<rt::Span<T>> span = arena.make_raw<T>(n * count);
    good = good && span;
    place = span->data;
  };
  Activations a;
  make(a.q8.scale, size.groups);
  make(a.q8.offset, size.groups);
  make(a.q8.q, size.columns);
  make(a.q8.pairs, size.columns);
  if (n > 1) n = uint32_t(rt::round_up(n, kExactBatch));
  make(a.exact.q, size.exact);
  make(a.exact.by_32, size.exact / 32);
  make(a.exact.by_16, size.exact / 16);
  make(a.exact.scale, size.exact ? 1 : 0);
  if (!good) return rt::fail(rt::Errc::out_of_memory, 0, "no memory for activations");
  return a;
}

Multiply::Multiply(const Kernels& kernels, const Activations& room, rt::Span<const Product> products,
                   const Rows& x, uint32_t n)
    : kernels_(kernels), products_(products), n_(n), room_(room), x_(x) {
  bool q8 = false;
  uint64_t exact = 0;
  for (const Product& product : products) {
    const Matrix& w = *product.w;
    if (w.format == WeightFormat::q8 && !q8)
      kernels.quantize({x.data, n, w.cols, x.stride(), w.groups.size, w.groups.count, w.groups.words, room.q8});
    q8 = q8 || w.format == WeightFormat::q8;
    if (w.format == WeightFormat::exact) exact = rt::max(exact, rt::round_up(w.cols, w.record.cols));
  }
  room_.exact.cols = exact;
  room_.exact.together = n > 1 ? kExactBatch : 1;
  if (exact)
    for (uint32_t i = 0; i < n; ++i) quantize_exact(x[i], products[0].w->cols, room_.exact, i);
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
  switch (w.format) {
    case WeightFormat::f32:
      return kernels_.multiply_f32({reinterpret_cast<const float*>(run.data), run.blocks, w.cols, x_.data, n_,
                                    x_.stride(), y, y_stride});
    case WeightFormat::q8:
      return kernels_.multiply_q8({run.data, run.blocks, w.groups.count, w.groups.words, room_.q8, n_, y, y_stride});
    case WeightFormat::exact:
      return kernels_.multiply_exact({run.data, &w.record, run.blocks, static_cast<uint32_t>(w.record.in_row(w.cols)),
                                      room_.exact, n_, y, y_stride});
    case WeightFormat::stored: return;  // nobody multiplies these
  }
}

}  // namespace model
