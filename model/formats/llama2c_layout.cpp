#include "model/formats/llama2c_layout.hpp"

namespace model {
namespace {

using enum Part;
constexpr Part kBareOrder[] = {embedding, attn_norm, wq, wk, wv,         wo,   ffn_norm,
                               w1,        w2,        w3, final_norm, rope, classifier};
constexpr Part kVersionedOrder[] = {attn_norm, ffn_norm, final_norm, embedding, wq, wk,
                                    wv,        wo,       w1,         w2,        w3, classifier};

uint32_t greatest_common_divisor(uint32_t a, uint32_t b) {
  while (b) {
    const uint32_t rest = a % b;
    a = b;
    b = rest;
  }
  return a;
}

}  // namespace

rt::Span<const Part> file_order(const Checkpoint& checkpoint) {
  const rt::Span<const Part> all = checkpoint.version
                                       ? rt::Span<const Part>{kVersionedOrder, 12}
                                       : rt::Span<const Part>{kBareOrder, 13};
  return all.part(0, all.count - checkpoint.shared_classifier);
}

PartShape shape_of(const Checkpoint& checkpoint, Part part) {
  const Config& c = checkpoint.config;
  switch (part) {
    case embedding:
    case classifier: return {c.vocab_size, c.dim, 1, true};
    case wq:
    case wo: return {c.dim, c.dim, c.n_layers, true};
    case wk:
    case wv: return {c.kv_dim(), c.dim, c.n_layers, true};
    case w1:
    case w3: return {c.hidden_dim, c.dim, c.n_layers, true};
    case w2: return {c.dim, c.hidden_dim, c.n_layers, true};
    case attn_norm:
    case ffn_norm: return {1, c.dim, c.n_layers, false};
    case final_norm: return {1, c.dim, 1, false};
    case rope: return {c.seq_len, c.head_dim(), 1, false};  // two halves, sine and cosine
  }
  return {};
}

uint64_t copy_bytes(const Checkpoint& checkpoint, const PartShape& shape) {
  if (checkpoint.version < 2 || !shape.is_matrix) return shape.weights() * sizeof(float);
  return shape.weights() + shape.weights() / checkpoint.group_size * sizeof(float);
}

Matrix plan_matrix(const Checkpoint& checkpoint, const PartShape& shape, Storage storage) {
  const RowGroups groups = checkpoint.row_groups(storage);
  Matrix m;
  m.rows = static_cast<uint32_t>(shape.rows);
  m.cols = static_cast<uint32_t>(shape.cols);
  m.dtype = storage.precision;
  m.groups = m.cols == checkpoint.config.dim ? groups.dim : groups.hidden_dim;
  return m;
}

RowGroups Checkpoint::row_groups(Storage storage) const {
  const auto size = [&](uint32_t cols) {
    // A version 2 file cuts the whole tensor into groups, which may straddle rows: then the largest
    // size that divides both keeps every weight's scale exact.
    if (version == 2) return greatest_common_divisor(cols, group_size);
    const uint64_t groups = (uint64_t{cols} + storage.group_size - 1) / storage.group_size;
    const uint64_t equal = rt::round_up((cols + groups - 1) / groups, kWordCols);
    return uint32_t(rt::min<uint64_t>(cols, equal));
  };
  return {storage.precision, Groups::of(config.dim, size(config.dim)),
          Groups::of(config.hidden_dim, size(config.hidden_dim))};
}

}  // namespace model
