#pragma once
#include <cstdint>
#include <vector>

#include "model/model.hpp"

namespace test {

/// Some matrices of one shape, row behind row, copy behind copy. Where q is filled, w = q * scale.
struct Tensor {
  uint32_t rows = 0, cols = 0;
  std::vector<float> w;
  std::vector<int8_t> q;
  std::vector<float> scale;  // one for each weight
};

/// A model as plain arrays, read from the bytes of a checkpoint the way llama2.c reads them.
struct PlainModel {
  explicit PlainModel(const std::vector<uint8_t>& file);

  /// Makes the weights int8 as llama2.c's exporter does, in groups that start anew in every row:
  /// of `dim` columns in rows of config.dim, of `hidden_dim` in others.
  void quantize(uint32_t dim, uint32_t hidden_dim);

  model::Config config;
  uint32_t version = 0;
  Tensor embedding, attn_norm, wq, wk, wv, wo, ffn_norm, w1, w2, w3, final_norm, classifier;
};

/// The forward pass of llama2.c's run.c, and of runq.c for int8, in the obvious way: one position
/// at a time, one loop for one formula, sums left to right.
class ReferenceLlama {
 public:
  /// The group sizes are those of activations where the model is int8.
  ReferenceLlama(const PlainModel& model, uint32_t group_size_dim, uint32_t group_size_hidden_dim);

  /// The logits after `token` at `position`, with what was run at the positions before it.
  std::vector<float> forward(uint32_t token, uint32_t position);

 private:
  using Floats = std::vector<float>;

  Floats multiply(const Tensor& tensor, uint32_t copy, const Floats& x) const;
  void attention(uint32_t layer, uint32_t position, Floats& x);
  void feed_forward(uint32_t layer, Floats& x) const;

  const PlainModel& m_;
  uint32_t group_size_dim_, group_size_hidden_dim_;
  std::vector<std::vector<Floats>> keys_, values_;  // [layer][position][kv_dim]
};

}  // namespace test
