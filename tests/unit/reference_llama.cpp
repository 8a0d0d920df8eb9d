#include "tests/unit/reference_llama.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "rt/math.hpp"

namespace test {
namespace {

class Reader {
 public:
  explicit Reader(const std::vector<uint8_t>& file) : file_(file) {}

  template <class T>
  T number() {
    T value;
    std::memcpy(&value, &file_.at(at_ + sizeof value - 1) + 1 - sizeof value, sizeof value);
    at_ += sizeof value;
    return value;
  }
  void go_to(uint64_t at) { at_ = at; }

  void floats(uint64_t copies, uint32_t rows, uint32_t cols, Tensor& tensor) {
    tensor.rows = rows, tensor.cols = cols;
    for (uint64_t i = 0; i < copies * rows * cols; ++i) tensor.w.push_back(number<float>());
  }
  /// Copy by copy: all weights, then a scale for every `group` of them.
  void groups(uint64_t copies, uint32_t rows, uint32_t cols, uint32_t group, Tensor& tensor) {
    tensor.rows = rows, tensor.cols = cols;
    const uint64_t n = uint64_t{rows} * cols;
    for (uint64_t copy = 0; copy < copies; ++copy) {
      for (uint64_t i = 0; i < n; ++i) tensor.q.push_back(number<int8_t>());
      for (uint64_t i = 0; i < n / group; ++i)
        tensor.scale.insert(tensor.scale.end(), group, number<float>());
    }
    for (uint64_t i = 0; i < tensor.q.size(); ++i)
      tensor.w.push_back(float(tensor.q[i]) * tensor.scale[i]);
  }

 private:
  const std::vector<uint8_t>& file_;
  uint64_t at_ = 0;
};

/// Scale and numbers of one group; `round` takes ties to even for weights, away from zero for
/// activations.
float quantize_group(const float* x, uint32_t n, int8_t* q, float (*round)(float)) {
  float largest = 0;
  for (uint32_t i = 0; i < n; ++i) largest = std::max(largest, std::fabs(x[i]));
  const float scale = largest / 127.0f;
  for (uint32_t i = 0; i < n; ++i) q[i] = int8_t(scale > 0 ? round(x[i] / scale) : 0);
  return scale;
}

std::vector<float> rms_norm(const std::vector<float>& x, const float* gain) {
  float ss = 0;
  for (float value : x) ss += value * value;
  ss /= float(x.size());
  ss += 1e-5f;
  ss = 1.0f / std::sqrt(ss);
  std::vector<float> out(x.size());
  for (size_t i = 0; i < x.size(); ++i) out[i] = gain[i] * (ss * x[i]);
  return out;
}

/// Turns every pair of numbers of every head by its angle at this position.
void rotate(std::vector<float>& x, uint32_t head_dim, uint32_t position) {
  for (uint32_t i = 0; i < x.size(); i += 2) {
    const float frequency = 1.0f / rt::pow(10000.0f, float(i % head_dim) / float(head_dim));
    const float angle = float(position) * frequency;
    const float cosine = rt::cos(angle), sine = rt::sin(angle), a = x[i], b = x[i + 1];
    x[i] = a * cosine - b * sine;
    x[i + 1] = a * sine + b * cosine;
  }
}

void softmax(std::vector<float>& x) {
  const float largest = *std::max_element(x.begin(), x.end());
  float sum = 0;
  for (float& value : x) sum += value = rt::exp(value - largest);
  for (float& value : x) value /= sum;
}

}  // namespace

PlainModel::PlainModel(const std::vector<uint8_t>& file) {
  Reader in(file);
  uint32_t group = 0;
  if (in.number<uint32_t>() == 0x616b3432) {
    version = in.number<uint32_t>();
  } else {
    in.go_to(0);
  }
  int32_t fields[7];
  for (int32_t& field : fields) field = in.number<int32_t>();
  const bool shared = version ? in.number<uint8_t>() : fields[5] > 0;
  if (version == 2) group = in.number<uint32_t>();
  config = {uint32_t(fields[0]), uint32_t(fields[1]), uint32_t(fields[2]), uint32_t(fields[3]),
            uint32_t(fields[4]), uint32_t(std::abs(fields[5])), uint32_t(fields[6])};
  const uint32_t dim = config.dim, kv = dim / config.n_heads * config.n_kv_heads;
  const uint32_t hidden = config.hidden_dim, vocab = config.vocab_size, layers = config.n_layers;

  const auto matrix = [&](uint64_t copies, uint32_t rows, uint32_t cols, Tensor& to) {
    group ? in.groups(copies, rows, cols, group, to) : in.floats(copies, rows, cols, to);
  };
  if (version) {
    in.go_to(256);
    in.floats(layers, 1, dim, attn_norm);
    in.floats(layers, 1, dim, ffn_norm);
    in.floats(1, 1, dim, final_norm);
  }
  matrix(1, vocab, dim, embedding);
  if (!version) in.floats(layers, 1, dim, attn_norm);
  matrix(layers, dim, dim, wq);
  matrix(layers, kv, dim, wk);
  matrix(layers, kv, dim, wv);
  matrix(layers, dim, dim, wo);
  if (!version) in.floats(layers, 1, dim, ffn_norm);
  matrix(layers, hidden, dim, w1);
  matrix(layers, dim, hidden, w2);
  matrix(layers, hidden, dim, w3);
  if (!version) {
    in.floats(1, 1, dim, final_norm);
    Tensor unused;
    in.floats(2, config.seq_len, dim / config.n_heads / 2, unused);  // RoPE tables
  }
  shared ? void(classifier = embedding) : matrix(1, vocab, dim, classifier);
}

void PlainModel::quantize(uint32_t dim, uint32_t hidden_dim) {
  for (Tensor* t : {&embedding, &wq, &wk, &wv, &wo, &w1, &w2, &w3, &classifier}) {
    const uint32_t group = t->cols == config.dim ? dim : hidden_dim;
    t->q.resize(t->w.size());
    t->scale.resize(t->w.size());
    for (uint64_t row = 0; row < t->w.size(); row += t->cols)
      for (uint32_t col = 0; col < t->cols; col += group) {
        const uint32_t n = std::min(group, t->cols - col);
        float* const w = &t->w[row + col];
        const float scale = quantize_group(w, n, &t->q[row + col], std::nearbyintf);
        for (uint32_t i = 0; i < n; ++i) {
          t->scale[row + col + i] = scale;
          w[i] = float(t->q[row + col + i]) * scale;
        }
      }
  }
}

ReferenceLlama::ReferenceLlama(const PlainModel& model, uint32_t group_size_dim,
                               uint32_t group_size_hidden_dim)
    : m_(model), group_size_dim_(group_size_dim), group_size_hidden_dim_(group_size_hidden_dim),
      keys_(model.config.n_layers), values_(model.config.n_layers) {}

ReferenceLlama::Floats ReferenceLlama::multiply(const Tensor& t, uint32_t copy,
                                                const Floats& x) const {
  Floats out(t.rows);
  const uint64_t first = uint64_t{copy} * t.rows * t.cols;
  if (t.q.empty()) {
    for (uint32_t row = 0; row < t.rows; ++row)
      for (uint32_t j = 0; j < t.cols; ++j) out[row] += t.w[first + row * t.cols + j] * x[j];
    return out;
  }
  const uint32_t size = t.cols == m_.config.dim ? group_size_dim_ : group_size_hidden_dim_;
  std::vector<int8_t> q(t.cols);
  for (uint32_t col = 0; col < t.cols; col += size) {
    const uint32_t n = std::min(size, t.cols - col);
    const float x_scale = quantize_group(&x[col], n, &q[col], std::roundf);
    for (uint32_t row = 0; row < t.rows; ++row) {
      const uint64_t at = first + row * t.cols + col;
      int32_t dot = 0;
      for (uint32_t j = 0; j < n; ++j) dot += t.q[at + j] * q[col + j];
      out[row] += float(dot) * t.scale[at] * x_scale;
    }
  }
  return out;
}

void ReferenceLlama::attention(uint32_t layer, uint32_t position, Floats& x) {
  const model::Config& c = m_.config;
  const uint32_t head_dim = c.dim / c.n_heads, group = c.n_heads / c.n_kv_heads;
  const Floats normed = rms_norm(x, &m_.attn_norm.w[layer * c.dim]);
  Floats q = multiply(m_.wq, layer, normed), k = multiply(m_.wk, layer, normed);
  rotate(q, head_dim, position);
  rotate(k, head_dim, position);
  keys_[layer].resize(position);
  values_[layer].resize(position);
  keys_[layer].push_back(k);
  values_[layer].push_back(multiply(m_.wv, layer, normed));

  Floats attended(c.dim);
  for (uint32_t head = 0; head < c.n_heads; ++head) {
    const uint32_t from = head * head_dim, kv_from = head / group * head_dim;
    Floats weights(position + 1);
    for (uint32_t t = 0; t <= position; ++t) {
      for (uint32_t i = 0; i < head_dim; ++i)
        weights[t] += q[from + i] * keys_[layer][t][kv_from + i];
      weights[t] /= std::sqrt(float(head_dim));
    }
    softmax(weights);
    for (uint32_t t = 0; t <= position; ++t)
      for (uint32_t i = 0; i < head_dim; ++i)
        attended[from + i] += weights[t] * values_[layer][t][kv_from + i];
  }
  const Floats out = multiply(m_.wo, layer, attended);
  for (uint32_t i = 0; i < c.dim; ++i) x[i] += out[i];
}

void ReferenceLlama::feed_forward(uint32_t layer, Floats& x) const {
  const Floats normed = rms_norm(x, &m_.ffn_norm.w[layer * x.size()]);
  Floats gate = multiply(m_.w1, layer, normed);
  const Floats up = multiply(m_.w3, layer, normed);
  for (size_t i = 0; i < gate.size(); ++i) {
    gate[i] *= 1.0f / (1.0f + rt::exp(-gate[i]));
    gate[i] *= up[i];
  }
  const Floats out = multiply(m_.w2, layer, gate);
  for (size_t i = 0; i < x.size(); ++i) x[i] += out[i];
}

std::vector<float> ReferenceLlama::forward(uint32_t token, uint32_t position) {
  const uint32_t dim = m_.config.dim;
  const auto row = m_.embedding.w.begin() + int64_t{token} * dim;
  Floats x(row, row + dim);
  for (uint32_t layer = 0; layer < m_.config.n_layers; ++layer) {
    attention(layer, position, x);
    feed_forward(layer, x);
  }
  return multiply(m_.classifier, 0, rms_norm(x, m_.final_norm.w.data()));
}

}  // namespace test
