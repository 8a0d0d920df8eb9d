#pragma once
#include "rt/source.hpp"
#include "model/tensor.hpp"
#include "rt/arena.hpp"

namespace model {

/// The shape of a LLaMA-2 model, as its file states it.
struct Config {
  uint32_t dim = 0, hidden_dim = 0, n_layers = 0, n_heads = 0, n_kv_heads = 0;
  uint32_t vocab_size = 0, seq_len = 0;

  constexpr uint32_t head_dim() const { return dim / n_heads; }
  constexpr uint32_t kv_dim() const { return head_dim() * n_kv_heads; }
};

struct Layer {
  float* attn_norm = nullptr;  // [dim]
  Matrix wq, wo;               // [dim, dim]
  Matrix wk, wv;               // [kv_dim, dim]
  float* ffn_norm = nullptr;   // [dim]
  Matrix w1, w3;               // [hidden_dim, dim]
  Matrix w2;                   // [dim, hidden_dim]
};

/// The weights of a model, in memory.
struct Model {
  Config config;
  Matrix embedding;  // [vocab_size, dim]
  rt::Span<Layer> layers;
  float* final_norm = nullptr;  // [dim]
  Matrix classifier;            // [vocab_size, dim]; the embedding itself where shared
};

/// How weights are kept in memory.
struct Storage {
  DType precision = DType::q8;
  /// When float weights become int8: the most columns with one scale. Longer rows are cut into
  /// groups of equal size. Larger groups are smaller and faster; on stories260K 16 to 256 columns
  /// differ by less than 0.1 % in bits per byte. Files that are int8 already keep their own groups.
  uint32_t group_size = 384;
};

/// How the two kinds of rows, and so the vectors that meet them, fall into int8 groups.
struct RowGroups {
  DType precision{};
  Groups dim, hidden_dim;  // rows of dim and of hidden_dim columns
};

/// A llama2.c checkpoint: version 0 (bare float32), 1 (float32) or 2 (int8, Q8_0).
/// Layouts: https://github.com/karpathy/llama2.c, export.py.
struct Checkpoint {
  Config config;
  uint32_t version = 0;
  bool shared_classifier = true;
  uint32_t group_size = 0;  // version 2
  uint64_t file_bytes = 0;

  /// Reads and judges the header; `source` stands behind it afterwards. A model that this returns
  /// has only sizes that can be multiplied without overflow, and exactly the file's length.
  static rt::Result<Checkpoint> open(rt::ByteSource& source);

  RowGroups row_groups(Storage storage) const;

  /// What load() takes from its arena, in bytes, and at most from its scratch arena.
  uint64_t arena_bytes(Storage storage) const;
  uint64_t scratch_bytes() const;

  /// Reads the weights, converting them while they stream. `scratch` is rewound before returning.
  rt::Result<Model> load(rt::ByteSource& source, Storage storage, rt::Arena& arena,
                         rt::Arena& scratch) const;
};

}  // namespace model
