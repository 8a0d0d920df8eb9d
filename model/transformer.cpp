#include "model/transformer.hpp"

#include "model/attention.hpp"
#include "model/pack.hpp"
#include "rt/math.hpp"

namespace model {

/// Embedding, N layers of attention and feed-forward with pre-normalisation, and the logits after the
/// last position.
rt::Span<float> Transformer::forward(rt::Span<const Token> tokens, uint32_t first) {
  const uint32_t n = run_layers(tokens, first);
  normalize({x_[n - 1], x_.cols}, model_->final_norm, 1);
  const Product classify[] = {{&model_->classifier, logits_}};
  Multiply(*kernels_, activations_, {classify, 1}, h_, 1).run_on(*workers_);
  return {logits_.data, logits_.cols};
}

/// All but the logits. The residual stream of the last position is in the last of the rows that are returned.
uint32_t Transformer::run_layers(rt::Span<const Token> tokens, uint32_t first) {
  first_run_ = rt::min(first_run_, first);
  uint32_t n = 0;
  for (; !tokens.empty(); tokens = tokens.from(n), first += n) {
    n = uint32_t(rt::min<uint64_t>(tokens.count, kBatch));
    for (uint32_t i = 0; i < n; ++i) unpack_row(model_->embedding, tokens[i], x_[i]);  // x = E[token]
    prepare_rope(first, n);
    for (uint32_t layer = 0; layer < model_->config.n_layers; ++layer) {
      attention(model_->layers[layer], layer, first, n);
      feed_forward(model_->layers[layer], n);
    }
  }
  return n;
}

/// x += Wo softmax(q k / sqrt(head_dim)) v;  q = rope(Wq h), k = rope(Wk h), v = Wv h, h = norm(x)
void Transformer::attention(const Layer& w, uint32_t layer, uint32_t first, uint32_t n) {
  const Config& c = model_->config;
  normalize(x_, w.attn_norm, n);
  const Product qkv[] = {{&w.wq, q_}, {&w.wk, k_}, {&w.wv, v_}};
  Multiply(*kernels_, activations_, {qkv, 3}, h_, n).run_on(*workers_);
  for (uint32_t i = 0; i < n; ++i) {
    rotate(q_[i], c.n_heads, i);
    rotate(k_[i], c.n_kv_heads, i);
    cache_.store(layer, first + i, k_[i], v_[i]);
  }
  Attention(*kernels_, c, cache_, layer, first, n, q_, attended_, scratch_).run_on(*workers_);
  const Product out[] = {{&w.wo, delta_}};
  Multiply(*kernels_, activations_, {out, 1}, attended_, n).run_on(*workers_);
  add(delta_, n);
}

namespace {

/// W1 and W3, then SwiGLU on the rows of the same slice: gate = gate * sigmoid(gate) * up (Shazeer
/// 2020).
class GateAndUp final : public Multiply {
 public:
  using Multiply::Multiply;

  void run(uint32_t slice) override {
    Multiply::run(slice);
    const Rows gate = products_[0].y, up = products_[1].y;
    const uint32_t blocks = products_[0].w->blocks();
    const uint32_t first = edge(blocks, slice) * kBlockRows;
    const uint32_t last = rt::min(gate.cols, edge(blocks, slice + 1) * kBlockRows);
    for (uint32_t i = 0; i < n_; ++i)
      for (uint32_t row = first; row < last; row += kAtOnce)
        swiglu(gate[i] + row, up[i] + row, rt::min(kAtOnce, last - row));
  }

 private:
  static constexpr uint32_t kAtOnce = 64;

  void swiglu(float* gate, const float* up, uint32_t count) const {
    alignas(64) float e[kAtOnce];
    for (uint32_t j = 0; j < count; ++j) e[j] = -gate[j];
    kernels_.exp(e, count, 0.0f);
    for (uint32_t j = 0; j < count; ++j) gate[j] = gate[j] * (1.0f / (1.0f + e[j])) * up[j];
  }
};

}  // namespace

/// x += W2 (silu(W1 h) * W3 h), h = norm(x)
void Transformer::feed_forward(const Layer& w, uint32_t n) {
  normalize(x_, w.ffn_norm, n);
  const Product inner[] = {{&w.w1, gate_}, {&w.w3, up_}};
  GateAndUp(*kernels_, activations_, {inner, 2}, h_, n).run_on(*workers_);
  const Product out[] = {{&w.w2, delta_}};
  Multiply(*kernels_, activations_, {out, 1}, gate_, n).run_on(*workers_);
  add(delta_, n);
}

/// h = x * gain / sqrt(mean(x^2) + epsilon). Sums left to right (Zhang and Sennrich 2019; the rounding
/// steps are llama2.c's).
void Transformer::normalize(const Rows& rows, const float* gain, uint32_t n) {
  for (uint32_t i = 0; i < n; ++i) {
    const float* x = rows[i];
    float squares = 0;
    for (uint32_t j = 0; j < rows.cols; ++j) squares += x[j] * x[j];
    const float scale = 1.0f / rt::sqrt(squares / float(rows.cols) + model_->config.norm_epsilon);
    for (uint32_t j = 0; j < rows.cols; ++j) h_[i][j] = gain[j] * (scale * x[j]);
  }
}

/// Rotary position embedding (Su et al. 2021): sines and cosines for positions first..first+n-1.
void Transformer::prepare_rope(uint32_t first, uint32_t n) {
  for (uint32_t i = 0; i < n; ++i)
    for (uint32_t pair = 0; pair < model_->rope_frequency.count; ++pair) {
      const float angle = float(first + i) * model_->rope_frequency[pair];
      cosine_[i][pair] = rt::cos(angle);
      sine_[i][pair] = rt::sin(angle);
    }
}

/// Turns adjacent pairs of floats by their angles; heads: [n_heads][head_dim].
void Transformer::rotate(float* heads, uint32_t n_heads, uint32_t i) const {
  const float *cosine = cosine_[i], *sine = sine_[i];
  for (uint32_t head = 0; head < n_heads; ++head, heads += model_->config.head_dim())
    for (uint32_t pair = 0; pair < model_->rope_frequency.count; ++pair) {
      float* at = heads + 2 * pair;
      const float a = at[0], b = at[1];
      at[0] = a * cosine[pair] - b * sine[pair];
      at[1] = a * sine[pair] + b * cosine[pair];
    }
}

/// x += y
void Transformer::add(const Rows& y, uint32_t n) {
  for (uint32_t i = 0; i < n; ++i)
    for (uint32_t j = 0; j < x_.cols; ++j) x_[i][j] += y[i][j];
}

rt::Result<void> Transformer::allocate(const Config& c, const ActivationSize& size, uint32_t context,
                                       uint32_t slices, rt::Arena& arena) {
  const uint32_t pairs = c.head_dim() / 2;
  const struct {
    Rows& rows;
    uint32_t cols, count;
  } plan[] = {{x_, c.dim, kBatch},           {h_, c.dim, kBatch},      {q_, c.q_dim(), kBatch},
              {attended_, c.q_dim(), kBatch}, {k_, c.kv_dim(), kBatch}, {v_, c.kv_dim(), kBatch},
              {delta_, c.dim, kBatch},       {gate_, c.hidden_dim, kBatch},
              {up_, c.hidden_dim, kBatch},   {logits_, c.vocab_size, 1},
              {cosine_, pairs, kBatch},      {sine_, pairs, kBatch}};
  for (const auto& [rows, cols, count] : plan) {
    rows.cols = cols;
    rt::Result<rt::Span<float>> memory = arena.make_raw<float>(count * rows.stride());
    if (!memory) return memory.error();
    rows.data = memory->data;
  }
  rt::Result<rt::Span<float>> scratch = arena.make_raw<float>(slices * Attention::scratch_floats(c, context));
  if (!scratch) return scratch.error();
  scratch_ = scratch->data;
  rt::Result<Activations> activations = make_activations(size, kBatch, arena);
  if (!activations) return activations.error();
  activations_ = *activations;
  rt::Result<KvCache> cache = KvCache::create(c, context, arena);
  if (!cache) return cache.error();
  cache_ = *cache;
  return {};
}

uint64_t Transformer::arena_bytes(const Config& config, const ActivationSize& size, uint32_t context,
                                  uint32_t slices) {
  rt::Arena arena = rt::Arena::counting();
  Transformer unused;
  (void)unused.allocate(config, size, context, slices, arena);
  return arena.used();
}

rt::Result<Transformer> Transformer::create(const Model& model, uint32_t context, const Kernels& kernels,
                                            rt::Workers& workers, rt::Arena& arena) {
  Transformer t;
  t.model_ = &model;
  t.kernels_ = &kernels;
  t.workers_ = &workers;
  rt::Result<void> done =
      t.allocate(model.config, activation_size(model), context, workers.most_slices(), arena);
  if (!done) return done.error();
  return t;
}

}  // namespace model
