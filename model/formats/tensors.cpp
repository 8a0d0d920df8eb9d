#include "model/formats/tensors.hpp"

#include "rt/math.hpp"

namespace model {
namespace {

constexpr TensorKind kKinds[] = {
    TensorKind::embedding, TensorKind::attn_norm, TensorKind::wq,       TensorKind::wk,
    TensorKind::wv,        TensorKind::wo,        TensorKind::ffn_norm, TensorKind::w1,
    TensorKind::w2,        TensorKind::w3,        TensorKind::final_norm, TensorKind::classifier};

/// Takes memory for a matrix: as many blocks as there is room for in one piece, the rest elsewhere.
rt::Result<void> allocate_matrix(Matrix& m, rt::Arena& arena) {
  Extent* extent = &m.first;
  for (uint32_t left = m.blocks();;) {
    rt::Result<rt::Span<uint8_t>> memory = arena.make_some(m.block_bytes(), left);
    if (!memory) return memory.error();
    extent->data = memory->data;
    extent->blocks = uint32_t(memory->count / m.block_bytes());
    left -= extent->blocks;
    if (!left) return {};
    rt::Result<rt::Span<Extent>> next = arena.make<Extent>(1);
    if (!next) return next.error();
    extent->next = next->data;
    extent = next->data;
  }
}

}  // namespace

TensorShape shape_of(const Config& c, TensorKind kind) {
  switch (kind) {
    case TensorKind::embedding:
    case TensorKind::classifier: return {c.vocab_size, c.dim, 1, true};
    case TensorKind::wq: return {c.q_dim(), c.dim, c.n_layers, true};
    case TensorKind::wk:
    case TensorKind::wv: return {c.kv_dim(), c.dim, c.n_layers, true};
    case TensorKind::wo: return {c.dim, c.q_dim(), c.n_layers, true};
    case TensorKind::w1:
    case TensorKind::w3: return {c.hidden_dim, c.dim, c.n_layers, true};
    case TensorKind::w2: return {c.dim, c.hidden_dim, c.n_layers, true};
    case TensorKind::attn_norm:
    case TensorKind::ffn_norm: return {1, c.dim, c.n_layers, false};
    case TensorKind::final_norm: return {1, c.dim, 1, false};
    case TensorKind::rope_factors: return {1, c.head_dim() / 2, 1, false};
  }
  return {};
}

uint64_t parameters(const ModelInfo& info) {
  uint64_t all = 0;
  for (const TensorKind kind : kKinds) {
    const TensorShape shape = shape_of(info.config, kind);
    if (kind != TensorKind::classifier || !info.shared_classifier) all += shape.weights() * shape.copies;
  }
  return all;
}

Matrix& matrix_of(Model& model, TensorKind kind, uint32_t layer) {
  switch (kind) {
    case TensorKind::embedding: return model.embedding;
    case TensorKind::wq: return model.layers[layer].wq;
    case TensorKind::wk: return model.layers[layer].wk;
    case TensorKind::wv: return model.layers[layer].wv;
    case TensorKind::wo: return model.layers[layer].wo;
    case TensorKind::w1: return model.layers[layer].w1;
    case TensorKind::w2: return model.layers[layer].w2;
    case TensorKind::w3: return model.layers[layer].w3;
    default: return model.classifier;
  }
}

float*& vector_of(Model& model, TensorKind kind, uint32_t layer) {
  if (kind == TensorKind::attn_norm) return model.layers[layer].attn_norm;
  if (kind == TensorKind::ffn_norm) return model.layers[layer].ffn_norm;
  return model.final_norm;
}

/// Takes the memory, and puts it into `model` where that is not null: else it is only counted.
rt::Result<void> TensorPlan::take(rt::Arena& arena, Model* model) const {
  const Config& c = info_.config;
  rt::Result<rt::Span<Layer>> layers = arena.make_raw<Layer>(c.n_layers);
  if (!layers) return layers.error();
  rt::Result<rt::Span<float>> rope = arena.make_raw<float>(c.head_dim() / 2);
  if (!rope) return rope.error();
  if (model) {
    for (Layer& layer : *layers) new (rt::Placement{&layer}) Layer();
    *model = {};
    model->config = c;
    model->layers = *layers;
    model->rope_frequency = *rope;
  }
  for (const TensorKind kind : kKinds) {
    if (kind == TensorKind::classifier && info_.shared_classifier) continue;
    const TensorShape shape = shape_of(c, kind);
    for (uint32_t layer = 0; layer < shape.copies; ++layer) {
      if (shape.is_matrix) {
        Matrix m = plan(kind, layer);
        if (rt::Result<void> done = allocate_matrix(m, arena); !done) return done;
        if (!model) continue;
        if (m.rows % kBlockRows) rt::fill_bytes(m.block(m.blocks() - 1), 0, m.block_bytes());
        matrix_of(*model, kind, layer) = m;
      } else {
        rt::Result<rt::Span<float>> memory = arena.make_raw<float>(shape.cols);
        if (!memory) return memory.error();
        if (model) vector_of(*model, kind, layer) = memory->data;
      }
    }
  }
  if (model && info_.shared_classifier) model->classifier = model->embedding;
  return {};
}

uint64_t TensorPlan::arena_bytes() const {
  rt::Arena arena = rt::Arena::counting();
  (void)take(arena, nullptr);
  return arena.used();
}

uint64_t TensorPlan::largest_piece() const {
  const Config& c = info_.config;
  uint64_t largest = rt::max(c.n_layers * sizeof(Layer), c.dim * sizeof(float));
  for (const TensorKind kind : kKinds) {
    const TensorShape shape = shape_of(c, kind);
    for (uint32_t layer = 0; shape.is_matrix && layer < shape.copies; ++layer)
      largest = rt::max(largest, plan(kind, layer).block_bytes());
  }
  return largest;
}

ActivationSize TensorPlan::activation_size() const {
  ActivationSize size;
  for (const TensorKind kind : kKinds) {
    const TensorShape shape = shape_of(info_.config, kind);
    // Of the embedding rows are looked up; it meets activations only as a shared classifier.
    const TensorKind other = info_.shared_classifier ? TensorKind::classifier : TensorKind::embedding;
    if (!shape.is_matrix || kind == other) continue;
    for (uint32_t layer = 0; layer < shape.copies; ++layer) size.cover(plan(kind, layer));
  }
  return size;
}

void set_rope(Model& model, float base) {
  const uint32_t dim = model.config.head_dim();
  for (uint32_t pair = 0; pair < model.rope_frequency.count; ++pair)
    model.rope_frequency[pair] = 1.0f / rt::pow(base, float(2 * pair) / float(dim));
}

}  // namespace model
