#pragma once
#include "model/tensor.hpp"

namespace model {

/// The shape of a LLaMA model.
struct Config {
  uint32_t dim = 0, hidden_dim = 0, n_layers = 0, n_heads = 0, n_kv_heads = 0;
  uint32_t vocab_size = 0, seq_len = 0;
  uint32_t key_length = 0;  // floats in a head, where not dim / n_heads
  float norm_epsilon = 1e-5f;

  constexpr uint32_t head_dim() const { return key_length ? key_length : dim / n_heads; }
  constexpr uint32_t q_dim() const { return head_dim() * n_heads; }
  constexpr uint32_t kv_dim() const { return head_dim() * n_kv_heads; }
};

struct Layer {
  float* attn_norm = nullptr;  // [dim]
  Matrix wq;                   // [q_dim, dim]
  Matrix wk, wv;               // [kv_dim, dim]
  Matrix wo;                   // [dim, q_dim]
  float* ffn_norm = nullptr;   // [dim]
  Matrix w1, w3;               // [hidden_dim, dim]
  Matrix w2;                   // [dim, hidden_dim]
};

/// The weights of a model, in memory, whatever file they came from.
struct Model {
  Config config;
  Matrix embedding;  // [vocab_size, dim]
  rt::Span<Layer> layers;
  float* final_norm = nullptr;  // [dim]
  Matrix classifier;            // [vocab_size, dim]; the embedding itself where shared
  /// By how much each pair of floats of a head turns from one position to the next, in radians. As
  /// many pairs as are rotated: what lies behind them in a head stays as it is.
  rt::Span<float> rope_frequency;
};

/// What the activations take that meet the matrices of a model.
ActivationSize activation_size(const Model& model);

/// How the user wants weights to be kept in memory.
enum class Precision : uint8_t {
  usual,  // as is best for the format: GGUF as the file has them, llama2.c's float32 in int8
  f32,    // all as float32
  q8,     // floats in int8
  file,   // as the file has them
};
struct Storage {
  Precision precision = Precision::usual;
  /// When float weights become int8: the most columns with one scale. Longer rows are cut into
  /// groups of equal size. Larger groups are smaller and faster; on stories260K 16 to 256 columns
  /// differ by less than 0.1 % in bits per byte. Files that are int8 already keep their own groups.
  uint32_t group_size = 384;
};

/// What the head of a model's file says.
struct ModelInfo {
  Config config;
  const char* format = "";   // "llama2.c v2"
  const char* weights = "";  // as the file has them: "int8"
  bool shared_classifier = true;
  rt::Text chat_template;  // Jinja (chat_template.hpp); empty: none
};

}  // namespace model
