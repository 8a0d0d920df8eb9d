#pragma once
#include "model/model.hpp"
#include "rt/arena.hpp"

namespace model {

/// The keys and values of all positions so far, for every layer and KV head, as attention reads them:
/// of keys a lane is a time step, of values an element (kernels.hpp, Head).
class KvCache {
 public:
  /// `context`: the most positions.
  static rt::Result<KvCache> create(const Config& config, uint32_t context, rt::Arena& arena);
  /// What create() takes from its arena for keys and values, in bytes.
  static uint64_t bytes(const Config& config, uint32_t context);

  /// Puts the keys and values of one position [kv_dim] in.
  void store(uint32_t layer, uint32_t position, const float* k, const float* v);

  const float* keys(uint32_t layer, uint32_t head) const { return heads_[index(layer, head)].keys; }
  const float* values(uint32_t layer, uint32_t head) const { return heads_[index(layer, head)].values; }
  /// Floats from one position's values to the next's.
  uint32_t value_stride() const { return width_; }
  uint32_t context() const { return context_; }

 private:
  struct HeadCache {
    float* keys;    // [context / 16, rounded up][head_dim][16]
    float* values;  // [context, rounded up][value_stride]
  };
  uint64_t index(uint32_t layer, uint32_t head) const { return uint64_t{layer} * n_kv_heads_ + head; }

  rt::Span<HeadCache> heads_;  // [n_layers][n_kv_heads]
  uint32_t context_ = 0, n_kv_heads_ = 0, head_dim_ = 0, width_ = 0;
};

}  // namespace model
