// A second opinion on llama2.c's files, from their description alone: how long one is and which
// weights it holds.
#pragma once
#include <cmath>

#include "model/model.hpp"
#include "model/pack.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace fuzz {

/// The length that a header describes; 0 where its fields are no sizes.
inline uint64_t described_bytes(const std::vector<uint8_t>& file) {
  const auto number = [&](size_t at) {
    int32_t value = 0;
    if (at + sizeof value <= file.size()) std::memcpy(&value, &file[at], sizeof value);
    return int64_t{value};
  };
  const bool versioned = number(0) == 0x616b3432;
  const int64_t version = versioned ? number(4) : 0;
  int64_t fields[7];
  for (size_t i = 0; i < 7; ++i) fields[i] = number((versioned ? 8 : 0) + 4 * i);
  const bool shared = versioned ? file.size() > 36 && file[36] : fields[5] > 0;
  if (!versioned) fields[5] = std::abs(fields[5]);
  for (const int64_t field : fields)
    if (field < 1 || field > 1 << 20) return 0;
  const auto [dim, hidden, layers, heads, kv_heads, vocab, context] = fields;
  const int64_t group = version == 2 ? number(37) : 1;
  if (group < 1) return 0;
  unsigned __int128 bytes = versioned ? 256 : 28;
  const auto floats = [&](int64_t rows, int64_t cols) { bytes += static_cast<unsigned __int128>(rows) * cols * 4; };
  const auto matrix = [&](int64_t rows, int64_t cols, int64_t copies) {
    const auto weights = static_cast<unsigned __int128>(rows) * cols;
    bytes += copies * (version == 2 ? weights + weights / group * 4 : weights * 4);
  };
  const int64_t kv_dim = dim / heads * kv_heads;
  floats(2 * layers + 1, dim);
  matrix(vocab, dim, shared ? 1 : 2);
  matrix(dim, dim, 2 * layers);
  matrix(kv_dim, dim, 2 * layers);
  matrix(hidden, dim, 3 * layers);
  if (!versioned) floats(context, dim / heads);
  return bytes > UINT64_MAX ? 0 : uint64_t(bytes);
}

/// Compares a loaded model with its file, tensor by tensor.
class WeightsOfFile {
 public:
  /// `file` is repeated where it is shorter than the checkpoint, as fuzz::Source does.
  WeightsOfFile(const std::vector<uint8_t>& file, const model::ModelInfo& info)
      : file_(file), info_(info) {
    if (take<uint32_t>() == 0x616b3432) version_ = take<uint32_t>();
    at_ = 37;
    if (version_ == 2) group_size_ = take<uint32_t>();
    at_ = version_ ? 256 : 28;
  }

  void must_be_in(const model::Model& m) {
    using model::Layer;
    const auto norms = [&](float* Layer::*norm) {
      for (const Layer& layer : m.layers) vector(layer.*norm);
    };
    const auto matrices = [&](std::initializer_list<model::Matrix Layer::*> list) {
      for (const auto member : list)
        for (const Layer& layer : m.layers) matrix(layer.*member);
    };
    if (version_ == 0) {
      matrix(m.embedding);
      norms(&Layer::attn_norm);
      matrices({&Layer::wq, &Layer::wk, &Layer::wv, &Layer::wo});
      norms(&Layer::ffn_norm);
      matrices({&Layer::w1, &Layer::w2, &Layer::w3});
      vector(m.final_norm);
      at_ += uint64_t{m.config.seq_len} * m.config.head_dim() * sizeof(float);
    } else {
      norms(&Layer::attn_norm);
      norms(&Layer::ffn_norm);
      vector(m.final_norm);
      matrix(m.embedding);
      matrices({&Layer::wq, &Layer::wk, &Layer::wv, &Layer::wo, &Layer::w1, &Layer::w2, &Layer::w3});
    }
    if (!info_.shared_classifier) matrix(m.classifier);
    must(at_ == described_bytes(file_), "the tensors are the whole file");
  }

 private:
  template <class T>
  T take() {
    uint8_t bytes[sizeof(T)];
    for (uint8_t& byte : bytes) byte = file_[at_++ % file_.size()];
    return std::bit_cast<T>(bytes);
  }

  static bool same(float a, float b) {
    return std::bit_cast<uint32_t>(a) == std::bit_cast<uint32_t>(b) || (a != a && b != b);
  }

  void vector(const float* norm) {
    for (uint32_t i = 0; i < info_.config.dim; ++i) must(same(norm[i], take<float>()), "a norm is the file's");
  }

  void matrix(const model::Matrix& m) {
    std::vector<float> expected(uint64_t{m.rows} * m.cols);
    if (version_ == 2) {
      must(expected.size() % group_size_ == 0, "groups divide a tensor");
      for (float& weight : expected) weight = take<int8_t>();
      for (size_t i = 0; i < expected.size(); i += group_size_) {
        const float scale = take<float>();
        for (size_t k = i; k < i + group_size_; ++k) expected[k] *= scale;
      }
    } else {
      for (float& weight : expected) weight = take<float>();
    }
    const bool exact = version_ == 2 || m.format == model::WeightFormat::f32;
    const test::Exact<float> row(m.cols);
    for (uint32_t r = 0; r < m.rows; ++r) {
      model::unpack_row(m, r, row.data());
      row_must_be(row.span(), &expected[uint64_t{r} * m.cols], exact);
    }
  }

  static void row_must_be(rt::Span<const float> row, const float* expected, bool exact) {
    float largest = 0;
    for (uint64_t i = 0; i < row.count; ++i) {
      if (exact) must(same(row[i], expected[i]), "a weight is the file's");
      largest = std::fmax(largest, std::fabs(expected[i]));
    }
    // What became int8 is off by half a step, of which 127 make the largest; not so for sizes at
    // the ends of what a float can be.
    if (exact || !(largest > 1e-30f && largest < 1e30f)) return;
    for (uint64_t i = 0; i < row.count; ++i)
      if (expected[i] == expected[i])
        must(std::fabs(row[i] - expected[i]) <= largest * (0.501f / 127), "a weight is near the file's");
  }

  const std::vector<uint8_t>& file_;
  const model::ModelInfo& info_;
  uint32_t version_ = 0, group_size_ = 0;
  uint64_t at_ = 0;
};

}  // namespace fuzz
