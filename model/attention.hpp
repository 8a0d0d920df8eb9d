#pragma once
#include "model/kernels/kernels.hpp"
#include "model/kv_cache.hpp"
#include "model/multiply.hpp"

namespace model {

/// softmax(q k / sqrt(head_dim)) v for every head at every position of a batch; a slice is a share of
/// positions x heads.
class Attention final : public rt::Task {
 public:
  /// Floats that each slice needs for itself: one head's weights and output.
  static uint64_t scratch_floats(const Config& config, uint32_t context);

  /// q, out: [n] rows of q_dim, at positions first, first + 1, ...
  Attention(const Kernels& kernels, const Config& config, const KvCache& cache, uint32_t layer, uint32_t first,
            uint32_t n, const Rows& q, const Rows& out, float* scratch)
      : kernels_(kernels), config_(config), cache_(cache), layer_(layer), first_(first), n_(n), q_(q),
        out_(out), scratch_(scratch) {}

  void run_on(rt::Workers& workers);
  void run(uint32_t slice) override;

 private:
  void attend(uint32_t i, uint32_t head, float* scratch) const;

  const Kernels& kernels_;
  const Config& config_;
  const KvCache& cache_;
  uint32_t layer_, first_, n_;
  Rows q_, out_;
  float* scratch_;
  uint32_t slices_ = 1;
};

}  // namespace model
