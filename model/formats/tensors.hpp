#pragma once
#include "model/model.hpp"
#include "rt/arena.hpp"

namespace model {

/// What a model consists of, by the names of the paper.
enum class TensorKind : uint8_t {
  embedding, attn_norm, wq, wk, wv, wo, ffn_norm, w1, w2, w3, final_norm, classifier,
  rope_factors  // what GGUF files divide rope_frequency by
};

/// What a tensor of one kind must look like in a model of a certain shape.
struct TensorShape {
  uint32_t rows = 0, cols = 0;
  uint32_t copies = 0;     // one for each layer, or one
  bool is_matrix = false;  // else a vector of float32: a norm

  constexpr uint64_t weights() const { return uint64_t{rows} * cols; }
};
TensorShape shape_of(const Config& config, TensorKind kind);

/// All numbers that a model consists of.
uint64_t parameters(const ModelInfo& info);

/// The place of a tensor in a model; `layer` is 0 where there is one copy.
Matrix& matrix_of(Model& model, TensorKind kind, uint32_t layer);
float*& vector_of(Model& model, TensorKind kind, uint32_t layer);

/// How each matrix of a model is kept in memory. A file format decides; what memory is needed
/// follows.
class TensorPlan {
 public:
  explicit TensorPlan(const ModelInfo& info) : info_(info) {}

  /// The matrix without memory: its shape is that of shape_of().
  virtual Matrix plan(TensorKind kind, uint32_t layer) const = 0;

  const ModelInfo& info() const { return info_; }
  /// Takes memory for everything that a model consists of, uninitialised but for the rows that fill up
  /// the last block of a matrix, which are zero. A shared classifier is the embedding.
  rt::Result<void> allocate(Model& model, rt::Arena& arena) const { return take(arena, &model); }
  /// What allocate() takes from an arena of one block, in bytes.
  uint64_t arena_bytes() const;
  /// The most of it that must lie in one piece of memory.
  uint64_t largest_piece() const;
  /// What fits every matrix.
  ActivationSize activation_size() const;

 protected:
  ~TensorPlan() = default;

 private:
  rt::Result<void> take(rt::Arena& arena, Model* model) const;

  const ModelInfo& info_;
};

/// Rotary position embeddings (Su et al. 2021): pair i turns by base^(-2i / dim) from one position to
/// the next. The bits are llama2.c's.
void set_rope(Model& model, float base);

}  // namespace model
