#include "model/transformer.hpp"

#include "model/pack.hpp"
#include "model/softmax.hpp"
#include "rt/math.hpp"

namespace model {
namespace {

/// Floats that a row of n takes, so that every row starts aligned and kernels may write whole blocks.
constexpr uint64_t lanes(uint64_t n) { return rt::round_up(n, kBlockRows); }

/// out = x * gain / sqrt(mean(x^2) + 1e-5); x, gain, out: [n]. Sums left to right (Zhang and
/// Sennrich 2019; the rounding steps are llama2.c's).
void rms_norm(float* out, const float* x, const float* gain, uint32_t n) {
  float squares = 0;
  for (uint32_t i = 0; i < n; ++i) squares += x[i] * x[i];
  const float scale = 1.0f / rt::sqrt(squares / float(n) + 1e-5f);
  for (uint32_t i = 0; i < n; ++i) out[i] = gain[i] * (scale * x[i]);
}

}  // namespace

/// One product of a Multiply: y = w x for every position.
struct Transformer::Output {
  const Matrix* w;
  float* y;  // rows of lanes(w->rows)
};

/// Matrices times the same activations; a slice is a share of the blocks of each matrix.
class Transformer::Multiply : public rt::Task {
 public:
  template <uint32_t n>
  Multiply(Transformer& t, const Output (&outputs)[n]) : t_(t), outputs_{outputs, n} {}

  void run(uint32_t slice) override {
    for (const Output& output : outputs_) multiply(output, slice);
  }

  uint32_t blocks() const { return outputs_[0].w->blocks(); }

  const float* x = nullptr;
  uint64_t x_stride = 0;
  uint32_t n = 0, slices = 1;

 protected:
  uint32_t edge(uint32_t blocks, uint32_t slice) const {
    return uint32_t(uint64_t{blocks} * slice / slices);
  }

  Transformer& t_;

 private:
  void multiply(const Output& output, uint32_t slice) {
    const Matrix& w = *output.w;
    const uint32_t first = edge(w.blocks(), slice), last = edge(w.blocks(), slice + 1);
    const uint8_t* data = w.data + first * w.block_bytes();
    float* y = output.y + uint64_t{first} * kBlockRows;
    if (w.dtype == DType::f32)
      t_.kernels_->multiply_f32({reinterpret_cast<const float*>(data), last - first, w.cols, x, n,
                                 x_stride, y, lanes(w.rows)});
    else
      t_.kernels_->multiply_q8({data, last - first, w.groups.count, w.groups.words,
                                t_.b_.quantized, n, y, lanes(w.rows)});
  }

  rt::Span<const Output> outputs_;
};

/// W1 and W3, then SwiGLU on the rows of the same slice: gate = gate * sigmoid(gate) * up
/// (Shazeer 2020).
class Transformer::GateAndUp final : public Multiply {
 public:
  using Multiply::Multiply;

  void run(uint32_t slice) override {
    Multiply::run(slice);
    const uint32_t hidden = t_.model_->config.hidden_dim;
    const uint32_t first = edge(blocks(), slice) * kBlockRows;
    const uint32_t last = rt::min(hidden, edge(blocks(), slice + 1) * kBlockRows);
    for (uint32_t i = 0; i < n; ++i)
      for (uint32_t row = first; row < last; row += kPiece)
        swiglu(t_.b_.gate + i * lanes(hidden) + row, t_.b_.up + i * lanes(hidden) + row,
               rt::min(kPiece, last - row));
  }

 private:
  static constexpr uint32_t kPiece = 64;

  void swiglu(float* gate, const float* up, uint32_t count) {
    alignas(64) float e[kPiece];
    for (uint32_t i = 0; i < count; ++i) e[i] = -gate[i];
    t_.kernels_->exp(e, count, 0.0f);
    for (uint32_t i = 0; i < count; ++i) gate[i] = gate[i] * (1.0f / (1.0f + e[i])) * up[i];
  }
};

/// softmax(q k / sqrt(head_dim)) v for one head at one position; the pieces are positions x heads.
class Transformer::Attend final : public rt::Task {
 public:
  Attend(Transformer& t, uint32_t layer, uint32_t first, uint32_t n, uint32_t slices)
      : t_(t), layer_(layer), first_(first), n_(n), slices_(slices) {}

  void run(uint32_t slice) override {
    const uint32_t heads = t_.model_->config.n_heads, pieces = n_ * heads;
    const uint32_t last = uint32_t(uint64_t{pieces} * (slice + 1) / slices_);
    for (uint32_t i = uint32_t(uint64_t{pieces} * slice / slices_); i < last; ++i)
      attend(i / heads, i % heads, slice);
  }

 private:
  void attend(uint32_t position, uint32_t head, uint32_t slice) {
    const Config& c = t_.model_->config;
    const uint32_t dim = c.head_dim(), kv_head = head / (c.n_heads / c.n_kv_heads);
    const uint64_t context = lanes(t_.context_), width = lanes(dim);
    float* scratch = t_.b_.scratch + slice * (context + width);
    const Head h = {
        .q = t_.b_.q + position * lanes(c.dim) + uint64_t{head} * dim,
        .keys = t_.b_.keys + (uint64_t{layer_} * c.n_kv_heads + kv_head) * context * dim,
        .values = t_.b_.values + (uint64_t{layer_} * c.n_kv_heads + kv_head) * context * width,
        .dim = dim,
        .steps = first_ + position + 1,
        .value_lanes = uint32_t(width),
        .value_stride = width,
        .divisor = rt::sqrt(float(dim)),
        .weights = scratch,
        .out = scratch + context,
    };
    t_.kernels_->score(h);
    softmax(*t_.kernels_, h.weights, h.steps);
    t_.kernels_->mix(h);
    float* out = t_.b_.attended + position * lanes(c.dim) + uint64_t{head} * dim;
    for (uint32_t j = 0; j < dim; ++j) out[j] = h.out[j];
  }

  Transformer& t_;
  uint32_t layer_, first_, n_, slices_;
};

rt::Result<Transformer::Buffers> Transformer::allocate(const Config& c, const RowGroups& groups,
                                                       uint32_t context, uint32_t slices,
                                                       rt::Arena& arena) {
  Buffers b{};
  const uint64_t head = c.head_dim(), width = lanes(head), steps = lanes(context);
  const uint64_t layer_heads = uint64_t{c.n_layers} * c.n_kv_heads;
  const struct {
    float** place;
    uint64_t floats;
  } plan[] = {
      {&b.x, kBatch * lanes(c.dim)},
      {&b.normed, kBatch * lanes(c.dim)},
      {&b.q, kBatch * lanes(c.dim)},
      {&b.k, kBatch * lanes(c.kv_dim())},
      {&b.v, kBatch * lanes(c.kv_dim())},
      {&b.attended, kBatch * lanes(c.dim)},
      {&b.delta, kBatch * lanes(c.dim)},
      {&b.gate, kBatch * lanes(c.hidden_dim)},
      {&b.up, kBatch * lanes(c.hidden_dim)},
      {&b.logits, lanes(c.vocab_size)},
      {&b.cosine, kBatch * head / 2},
      {&b.sine, kBatch * head / 2},
      {&b.frequency, head / 2},
      {&b.scratch, slices * (steps + width)},
      {&b.keys, layer_heads * steps * head},
      {&b.values, layer_heads * steps * width},
  };
  for (const auto& [place, floats] : plan) {
    rt::Result<rt::Span<float>> memory = arena.make_raw<float>(floats);
    if (!memory) return memory.error();
    *place = memory->data;
  }
  if (groups.precision == DType::f32) return b;

  const uint64_t columns = rt::max(groups.dim.row_stride(), groups.hidden_dim.row_stride());
  const uint64_t count = rt::max(groups.dim.count, groups.hidden_dim.count);
  rt::Result<rt::Span<float>> scale = arena.make_raw<float>(kBatch * count);
  rt::Result<rt::Span<int32_t>> offset = arena.make_raw<int32_t>(kBatch * count);
  rt::Result<rt::Span<int8_t>> q = arena.make_raw<int8_t>(kBatch * columns);
  rt::Result<rt::Span<int16_t>> pairs = arena.make_raw<int16_t>(kBatch * columns);
  if (!pairs) return pairs.error();  // none is larger than the next: where one failed, this did
  b.quantized = {q->data, pairs->data, scale->data, offset->data};
  return b;
}

uint64_t Transformer::arena_bytes(const Config& config, const RowGroups& groups, uint32_t context,
                                  uint32_t slices) {
  rt::Arena arena = rt::Arena::counting();
  (void)allocate(config, groups, context, slices, arena);
  return arena.used();
}

uint64_t Transformer::cache_bytes(const Config& c, uint32_t context) {
  return uint64_t{c.n_layers} * c.n_kv_heads * lanes(context) *
         (c.head_dim() + lanes(c.head_dim())) * sizeof(float);
}

rt::Result<Transformer> Transformer::create(const Model& model, uint32_t context,
                                            const Kernels& kernels, rt::Workers& workers,
                                            rt::Arena& arena) {
  const Config& c = model.config;
  const Layer& any = model.layers[0];
  Transformer t;
  t.model_ = &model;
  t.kernels_ = &kernels;
  t.workers_ = &workers;
  t.context_ = context;
  rt::Result<Buffers> buffers =
      allocate(c, {any.wq.dtype, any.wq.groups, any.w2.groups}, context, workers.most_slices(),
               arena);
  if (!buffers) return buffers.error();
  t.b_ = *buffers;
  for (uint32_t pair = 0; pair < c.head_dim() / 2; ++pair)
    t.b_.frequency[pair] = 1.0f / rt::pow(10000.0f, float(2 * pair) / float(c.head_dim()));
  // Lanes of steps that have not come yet are computed and thrown away; they must be numbers.
  rt::fill_bytes(t.b_.keys, 0,
                 uint64_t{c.n_layers} * c.n_kv_heads * lanes(context) * c.head_dim() * sizeof(float));
  return t;
}

rt::Span<float> Transformer::forward(rt::Span<const Token> tokens, uint32_t first) {
  const Config& c = model_->config;
  uint32_t n = 0;
  for (; !tokens.empty(); tokens = tokens.from(n), first += n) {
    n = uint32_t(rt::min<uint64_t>(tokens.count, kBatch));
    embed(tokens.part(0, n));
    prepare_rope(first, n);
    for (uint32_t layer = 0; layer < c.n_layers; ++layer) {
      attention(layer, first, n);
      feed_forward(layer, n);
    }
  }
  const float* last = b_.x + (n - 1) * lanes(c.dim);
  rms_norm(b_.normed, last, model_->final_norm, c.dim);
  const Output outputs[] = {{&model_->classifier, b_.logits}};
  Multiply task(*this, outputs);
  run(task, model_->classifier, b_.normed, 1);
  return {b_.logits, c.vocab_size};
}

/// x = E[token]
void Transformer::embed(rt::Span<const Token> tokens) {
  for (uint64_t i = 0; i < tokens.count; ++i)
    unpack_row(model_->embedding, tokens[i], b_.x + i * lanes(model_->config.dim));
}

/// x += Wo attend(Wq h, Wk h, Wv h), h = norm(x)
void Transformer::attention(uint32_t layer, uint32_t first, uint32_t n) {
  const Config& c = model_->config;
  const Layer& w = model_->layers[layer];
  normalize(w.attn_norm, n);
  const Output qkv[] = {{&w.wq, b_.q}, {&w.wk, b_.k}, {&w.wv, b_.v}};
  Multiply project(*this, qkv);
  run(project, w.wq, b_.normed, n);
  for (uint32_t i = 0; i < n; ++i) {
    rotate(b_.q + i * lanes(c.dim), c.n_heads, i);
    rotate(b_.k + i * lanes(c.kv_dim()), c.n_kv_heads, i);
  }
  store_kv(layer, first, n);
  const uint32_t slices = rt::min(workers_->slices(), n * c.n_heads);
  Attend attend(*this, layer, first, n, slices);
  workers_->run(attend, slices);
  const Output out[] = {{&w.wo, b_.delta}};
  Multiply combine(*this, out);
  run(combine, w.wo, b_.attended, n);
  add_delta(n);
}

/// x += W2 (silu(W1 h) * W3 h), h = norm(x)
void Transformer::feed_forward(uint32_t layer, uint32_t n) {
  const Layer& w = model_->layers[layer];
  normalize(w.ffn_norm, n);
  const Output inner[] = {{&w.w1, b_.gate}, {&w.w3, b_.up}};
  GateAndUp gate_and_up(*this, inner);
  run(gate_and_up, w.w1, b_.normed, n);
  const Output out[] = {{&w.w2, b_.delta}};
  Multiply down(*this, out);
  run(down, w.w2, b_.gate, n);
  add_delta(n);
}

void Transformer::normalize(const float* gain, uint32_t n) {
  const uint32_t dim = model_->config.dim;
  for (uint32_t i = 0; i < n; ++i)
    rms_norm(b_.normed + i * lanes(dim), b_.x + i * lanes(dim), gain, dim);
}

void Transformer::add_delta(uint32_t n) {
  const uint32_t dim = model_->config.dim;
  for (uint32_t i = 0; i < n; ++i)
    for (uint32_t j = 0; j < dim; ++j) b_.x[i * lanes(dim) + j] += b_.delta[i * lanes(dim) + j];
}

/// Runs a product on all cores. x: n rows of lanes(w.cols); w: the first of the task's matrices,
/// which all have its columns and groups.
void Transformer::run(Multiply& task, const Matrix& w, const float* x, uint32_t n) {
  task.x = x;
  task.x_stride = lanes(w.cols);
  task.n = n;
  task.slices = rt::min(workers_->slices(), task.blocks());
  if (w.dtype == DType::q8)
    kernels_->quantize({x, n, w.cols, task.x_stride, w.groups.size, w.groups.count,
                        w.groups.words, b_.quantized});
  workers_->run(task, task.slices);
}

/// Rotary position embedding (Su et al. 2021): sines and cosines for positions first..first+n-1.
void Transformer::prepare_rope(uint32_t first, uint32_t n) {
  const uint32_t pairs = model_->config.head_dim() / 2;
  for (uint32_t i = 0; i < n; ++i)
    for (uint32_t pair = 0; pair < pairs; ++pair) {
      const float angle = float(first + i) * b_.frequency[pair];
      b_.cosine[i * pairs + pair] = rt::cos(angle);
      b_.sine[i * pairs + pair] = rt::sin(angle);
    }
}

/// Turns each adjacent pair of floats by its angle; heads: [n_heads][head_dim].
void Transformer::rotate(float* heads, uint32_t n_heads, uint32_t position) const {
  const uint32_t pairs = model_->config.head_dim() / 2;
  const float* cosine = b_.cosine + position * pairs;
  const float* sine = b_.sine + position * pairs;
  for (uint32_t head = 0; head < n_heads; ++head)
    for (uint32_t pair = 0; pair < pairs; ++pair, heads += 2) {
      const float a = heads[0], b = heads[1];
      heads[0] = a * cosine[pair] - b * sine[pair];
      heads[1] = a * sine[pair] + b * cosine[pair];
    }
}

/// Keys go in with a lane per time step, values with a lane per element (kernels.hpp, Head).
void Transformer::store_kv(uint32_t layer, uint32_t first, uint32_t n) {
  const Config& c = model_->config;
  const uint64_t dim = c.head_dim(), width = lanes(dim), context = lanes(context_);
  for (uint32_t i = 0; i < n; ++i)
    for (uint64_t head = 0; head < c.n_kv_heads; ++head) {
      const uint64_t step = first + i;
      const float* k = b_.k + i * lanes(c.kv_dim()) + head * dim;
      const float* v = b_.v + i * lanes(c.kv_dim()) + head * dim;
      float* key = b_.keys + (layer * c.n_kv_heads + head) * context * dim +
                   step / kBlockRows * kBlockRows * dim + step % kBlockRows;
      float* value = b_.values + ((layer * c.n_kv_heads + head) * context + step) * width;
      for (uint64_t j = 0; j < dim; ++j) key[j * kBlockRows] = k[j];
      for (uint64_t j = 0; j < width; ++j) value[j] = j < dim ? v[j] : 0;
    }
}

}  // namespace model
