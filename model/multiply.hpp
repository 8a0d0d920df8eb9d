#pragma once
#include "model/kernels/kernels.hpp"
#include "model/model.hpp"
#include "rt/arena.hpp"
#include "rt/workers.hpp"

namespace model {

/// Vectors of `cols` floats, each aligned and with room for whole blocks, so that kernels may write
/// those.
struct Rows {
  float* data = nullptr;
  uint32_t cols = 0;

  constexpr uint64_t stride() const { return rt::round_up(cols, kBlockRows); }
  constexpr float* operator[](uint64_t i) const { return data + i * stride(); }
};

/// y = w x
struct Product {
  const Matrix* w;
  Rows y;
};

/// Room for vectors in the formats that matrices want them in.
struct Activations {
  Quantized q8{};
  ExactVectors exact{};
};
/// Room for `n` vectors in the format of any matrix that `size` covers.
rt::Result<Activations> make_activations(const ActivationSize& size, uint32_t n, rt::Arena& arena);

/// Matrices with the same columns times the same vectors; those in q8 have the same groups. A slice is a
/// share of the blocks of each matrix.
class Multiply : public rt::Task {
 public:
  /// Brings `n` vectors x into the formats of the matrices, in `room`.
  Multiply(const Kernels& kernels, const Activations& room, rt::Span<const Product> products, const Rows& x,
           uint32_t n);

  void run_on(rt::Workers& workers);
  void run(uint32_t slice) override;

 protected:
  /// The first block of a matrix that is slice `slice`'s.
  uint32_t edge(uint32_t blocks, uint32_t slice) const { return uint32_t(uint64_t{blocks} * slice / slices_); }

  const Kernels& kernels_;
  rt::Span<const Product> products_;
  uint32_t n_;

 private:
  void multiply(const Matrix& w, Matrix::Run run, float* y, uint64_t y_stride) const;

  Activations room_;
  Rows x_;
  uint32_t slices_ = 1;
};

}  // namespace model
