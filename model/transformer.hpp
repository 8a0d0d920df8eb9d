#pragma once
#include "model/formats/llama2c.hpp"
#include "model/kernels/kernels.hpp"
#include "model/token.hpp"
#include "rt/workers.hpp"

namespace model {

/// Positions that go through the layers together: weights are read once for all of them.
inline constexpr uint32_t kBatch = 8;

/// The forward pass of LLaMA 2 (Touvron et al. 2023) with its KV cache.
class Transformer {
 public:
  /// `context`: the most positions, at most the model's seq_len. The model, kernels and workers
  /// must outlive the transformer. Everything is taken from `arena` here, nothing later.
  static rt::Result<Transformer> create(const Model& model, uint32_t context,
                                        const Kernels& kernels, rt::Workers& workers,
                                        rt::Arena& arena);

  /// What create() takes from its arena, in bytes; of it, what the KV cache takes.
  static uint64_t arena_bytes(const Config& config, const RowGroups& groups, uint32_t context,
                              uint32_t slices);
  static uint64_t cache_bytes(const Config& config, uint32_t context);

  /// Runs `tokens` (at least one) at positions first, first + 1, ...; all below context().
  /// Positions may be run again; what the cache holds behind them is then forgotten.
  /// Returns the logits [vocab_size] after the last one, valid until the next call.
  rt::Span<float> forward(rt::Span<const Token> tokens, uint32_t first);

  uint32_t context() const { return context_; }
  const Config& config() const { return model_->config; }
  const Kernels& kernels() const { return *kernels_; }

 private:
  /// Activations of up to kBatch positions; a row of n floats takes lanes(n).
  struct Buffers {
    float* x;         // [kBatch][dim] the residual stream
    float* normed;    // [kBatch][dim]
    float* q;         // [kBatch][dim]
    float* k;         // [kBatch][kv_dim]
    float* v;         // [kBatch][kv_dim]
    float* attended;  // [kBatch][dim]
    float* delta;     // [kBatch][dim] what a block adds to x
    float* gate;      // [kBatch][hidden_dim]
    float* up;        // [kBatch][hidden_dim]
    float* logits;    // [vocab_size]
    float* cosine;    // [kBatch][head_dim / 2]
    float* sine;      // [kBatch][head_dim / 2]
    float* frequency; // [head_dim / 2] radians per position
    float* scratch;   // [slices] of one head's weights [context] and output [head_dim]
    float* keys;      // [n_layers][n_kv_heads][context / 16][head_dim][16]
    float* values;    // [n_layers][n_kv_heads][context][lanes(head_dim)]
    Quantized quantized;
  };
  struct Output;
  class Multiply;
  class GateAndUp;
  class Attend;

  static rt::Result<Buffers> allocate(const Config& config, const RowGroups& groups,
                                      uint32_t context, uint32_t slices, rt::Arena& arena);

  void embed(rt::Span<const Token> tokens);
  void prepare_rope(uint32_t first, uint32_t n);
  void attention(uint32_t layer, uint32_t first, uint32_t n);
  void feed_forward(uint32_t layer, uint32_t n);
  void normalize(const float* gain, uint32_t n);
  void rotate(float* heads, uint32_t n_heads, uint32_t position) const;
  void store_kv(uint32_t layer, uint32_t first, uint32_t n);
  void run(Multiply& task, const Matrix& w, const float* x, uint32_t n);
  void add_delta(uint32_t n);

  const Model* model_ = nullptr;
  const Kernels* kernels_ = nullptr;
  rt::Workers* workers_ = nullptr;
  uint32_t context_ = 0;
  Buffers b_{};
};

}  // namespace model
