#pragma once
#include "model/kv_cache.hpp"
#include "model/multiply.hpp"
#include "model/token.hpp"

namespace model {

/// Positions that go through the layers together: weights are read once for all of them.
inline constexpr uint32_t kBatch = 8;

/// The forward pass of LLaMA 2 (Touvron et al. 2023) with its KV cache.
class Transformer {
 public:
  /// `context`: the most positions. The model, kernels and workers must outlive the transformer.
  /// Everything is taken from `arena` here, nothing later.
  static rt::Result<Transformer> create(const Model& model, uint32_t context, const Kernels& kernels,
                                        rt::Workers& workers, rt::Arena& arena);
  /// What create() takes from an arena of one block, in bytes. `size`: what the model's matrices want
  /// of activations; `slices`: the workers' most_slices().
  static uint64_t arena_bytes(const Config& config, const ActivationSize& size, uint32_t context,
                              uint32_t slices);

  /// Runs `tokens` (at least one) at positions first, first + 1, ...; all below context().
  /// Positions may be run again; what the cache holds behind them is then forgotten.
  /// Returns the logits [vocab_size] after the last one, valid until the next call.
  rt::Span<float> forward(rt::Span<const Token> tokens, uint32_t first);
  /// The same without logits: where more tokens come before they are needed.
  void run(rt::Span<const Token> tokens, uint32_t first) { (void)run_layers(tokens, first); }

  /// The first position that was run since the last call of this; ~0: none. For who wants to know what of the cache is
  /// still what he left there.
  uint32_t first_run() {
    const uint32_t first = first_run_;
    first_run_ = ~0u;
    return first;
  }

  uint32_t context() const { return cache_.context(); }
  const Config& config() const { return model_->config; }
  const Kernels& kernels() const { return *kernels_; }

 private:
  rt::Result<void> allocate(const Config& config, const ActivationSize& size, uint32_t context,
                            uint32_t slices, rt::Arena& arena);

  uint32_t run_layers(rt::Span<const Token> tokens, uint32_t first);
  void attention(const Layer& layer, uint32_t index, uint32_t first, uint32_t n);
  void feed_forward(const Layer& layer, uint32_t n);
  void normalize(const Rows& x, const float* gain, uint32_t n);
  void prepare_rope(uint32_t first, uint32_t n);
  void rotate(float* heads, uint32_t n_heads, uint32_t i) const;
  void add(const Rows& y, uint32_t n);

  const Model* model_ = nullptr;
  const Kernels* kernels_ = nullptr;
  rt::Workers* workers_ = nullptr;
  KvCache cache_;
  uint32_t first_run_ = ~0u;
  // Activations of up to kBatch positions.
  Rows x_;             // [dim] the residual stream
  Rows h_;             // [dim] x, normalised
  Rows q_, attended_;  // [q_dim]
  Rows k_, v_;         // [kv_dim]
  Rows delta_;         // [dim] what a block adds to x
  Rows gate_, up_;     // [hidden_dim]
  Rows logits_;        // [vocab_size], one
  Rows cosine_, sine_;  // [head_dim / 2]
  float* scratch_ = nullptr;  // of Attention
  Activations activations_;
};

}  // namespace model
