#pragma once
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace test {

/// What the keys of an architecture `llama` say of a model's shape.
struct GgufShape {
  uint32_t layers, context, dim, hidden, heads, kv_heads;
};

/// A tensor as the head of a file lists it.
struct GgufTensor {
  std::string name;
  uint32_t type;
  uint64_t cols, rows;  // rows 0: a vector
};

/// The tensors of a model whose matrices all have the type `type`, its vectors float32. The classifier is the embedding, or
/// a matrix of its own.
inline std::vector<GgufTensor> gguf_tensors(const GgufShape& shape, uint64_t tokens, uint32_t type,
                                            bool own_classifier = false);

/// `bytes` with zeros behind them, up to where the next tensor may begin.
inline void fill_gguf(std::vector<uint8_t>& bytes, uint32_t alignment = 32) {
  bytes.resize((bytes.size() + alignment - 1) / alignment * alignment);
}

/// The head of a GGUF file, written value by value (ggml, docs/gguf.md).
class GgufBytes {
 public:
  enum Type : uint32_t { u8, i8, u16, i16, u32, i32, f32, boolean, text, array, u64, i64, f64 };

  template <class T>
  GgufBytes& number(T value) {
    const auto* at = reinterpret_cast<const uint8_t*>(&value);
    bytes_.insert(bytes_.end(), at, at + sizeof value);
    return *this;
  }
  GgufBytes& string(const std::string& text) {
    number(uint64_t{text.size()});
    bytes_.insert(bytes_.end(), text.begin(), text.end());
    return *this;
  }
  /// A key with one number.
  template <class T>
  GgufBytes& key(const std::string& name, Type type, T value) {
    ++keys_;
    return string(name).number(type).number(value);
  }
  GgufBytes& key(const std::string& name, const std::string& value) {
    ++keys_;
    return string(name).number(text).string(value);
  }
  GgufBytes& key(const std::string& name, const std::vector<std::string>& values) {
    ++keys_;
    string(name).number(array).number(text).number(uint64_t{values.size()});
    for (const std::string& value : values) string(value);
    return *this;
  }
  template <class T>
  GgufBytes& key(const std::string& name, Type type, const std::vector<T>& values) {
    ++keys_;
    string(name).number(array).number(type).number(uint64_t{values.size()});
    for (const T& value : values) number(value);
    return *this;
  }

  /// The keys that every model has.
  GgufBytes& model(const GgufShape& shape) {
    key("general.architecture", "llama");
    const std::pair<const char*, uint32_t> kNumbers[] = {
        {"block_count", shape.layers}, {"context_length", shape.context}, {"embedding_length", shape.dim},
        {"feed_forward_length", shape.hidden}, {"attention.head_count", shape.heads},
        {"attention.head_count_kv", shape.kv_heads}};
    for (const auto& [name, value] : kNumbers) key(std::string("llama.") + name, u32, value);
    return key("llama.attention.layer_norm_rms_epsilon", f32, 1e-5f);
  }
  /// A tensor that begins at `offset` of the data. Tensors come behind all keys.
  GgufBytes& tensor(const GgufTensor& t, uint64_t offset) {
    ++tensors_;
    string(t.name).number(t.rows ? 2u : 1u).number(t.cols);
    if (t.rows) number(t.rows);
    return number(t.type).number(offset);
  }

  /// The whole: magic, version, counts, and what has been written. `tensors`: where it is to lie about them.
  std::vector<uint8_t> file(uint32_t version = 3, std::optional<uint64_t> tensors = {}) const {
    GgufBytes head;
    head.number(uint32_t{0x46554747}).number(version).number(tensors.value_or(tensors_)).number(keys_);
    head.bytes_.insert(head.bytes_.end(), bytes_.begin(), bytes_.end());
    return head.bytes_;
  }

  /// What has been written, alone.
  const std::vector<uint8_t>& bytes() const { return bytes_; }

 private:
  std::vector<uint8_t> bytes_;
  uint64_t keys_ = 0, tensors_ = 0;
};

inline std::vector<GgufTensor> gguf_tensors(const GgufShape& s, uint64_t tokens, uint32_t type, bool own_classifier) {
  const uint64_t kv_dim = s.dim / s.heads * s.kv_heads;
  std::vector<GgufTensor> all = {{"token_embd.weight", type, s.dim, tokens}, {"output_norm.weight", 0, s.dim, 0}};
  if (own_classifier) all.push_back({"output.weight", type, s.dim, tokens});
  const struct {
    const char* name;
    uint64_t cols, rows;
  } kOfLayer[] = {{"attn_norm", s.dim, 0}, {"attn_q", s.dim, s.dim}, {"attn_k", s.dim, kv_dim},
                  {"attn_v", s.dim, kv_dim}, {"attn_output", s.dim, s.dim}, {"ffn_norm", s.dim, 0},
                  {"ffn_gate", s.dim, s.hidden}, {"ffn_up", s.dim, s.hidden}, {"ffn_down", s.hidden, s.dim}};
  for (uint32_t layer = 0; layer < s.layers; ++layer)
    for (const auto& [name, cols, rows] : kOfLayer)
      all.push_back({"blk." + std::to_string(layer) + "." + name + ".weight", rows ? type : 0, cols, rows});
  return all;
}

}  // namespace test
