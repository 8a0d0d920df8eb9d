#include "model/attention.hpp"

#include "model/softmax.hpp"
#include "rt/math.hpp"

namespace model {
namespace {
uint64_t lanes(uint64_t n) { return rt::round_up(n, kBlockRows); }
}  // namespace

uint64_t Attention::scratch_floats(const Config& config, uint32_t context) {
  return lanes(context) + lanes(config.head_dim());
}

void Attention::run_on(rt::Workers& workers) {
  slices_ = rt::min(workers.slices(), n_ * config_.n_heads);
  workers.run(*this, slices_);
}

void Attention::run(uint32_t slice) {
  const uint32_t heads = config_.n_heads;
  const uint64_t all = uint64_t{n_} * heads;
  float* const scratch = scratch_ + slice * scratch_floats(config_, cache_.context());
  for (uint64_t i = all * slice / slices_; i < all * (slice + 1) / slices_; ++i)
    attend(uint32_t(i / heads), uint32_t(i % heads), scratch);
}

void Attention::attend(uint32_t i, uint32_t head, float* scratch) const {
  const uint32_t dim = config_.head_dim(), kv_head = head / (config_.n_heads / config_.n_kv_heads);
  const Head h = {
      .q = q_[i] + uint64_t{head} * dim,
      .keys = cache_.keys(layer_, kv_head),
      .values = cache_.values(layer_, kv_head),
      .dim = dim,
      .steps = first_ + i + 1,
      .value_lanes = cache_.value_stride(),
      .value_stride = cache_.value_stride(),
      .divisor = rt::sqrt(float(dim)),
      .weights = scratch,
      .out = scratch + lanes(cache_.context()),
  };
  kernels_.score(h);
  softmax(kernels_, h.weights, h.steps);
  kernels_.mix(h);
  rt::copy_bytes(out_[i] + uint64_t{head} * dim, h.out, dim * sizeof(float));
}

}  // namespace model
