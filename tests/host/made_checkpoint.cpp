#include "tests/host/made_checkpoint.hpp"

#include <cmath>
#include <cstring>
#include <functional>
#include <map>
#include <sstream>
#include <stdexcept>

namespace test {
namespace {

uint64_t splitmix64(uint64_t z) {
  z += 0x9e3779b97f4a7c15;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
  z = (z ^ z >> 27) * 0x94d049bb133111eb;
  return z ^ z >> 31;
}

template <class T>
void put(std::ostream& out, const T& value) {
  out.write(reinterpret_cast<const char*>(&value), sizeof value);
}
template <class T>
void put(std::ostream& out, const std::vector<T>& values) {
  out.write(reinterpret_cast<const char*>(values.data()),
            std::streamsize(values.size() * sizeof(T)));
}

/// A run of weights in version 0's order: where it starts there, how long one copy is.
struct Tensor {
  uint64_t first, weights, copies;
  bool norm;
};

/// The tensors by name, at their places in a version 0 file.
std::map<std::string, Tensor> tensors(const model::Config& c) {
  const uint64_t dim = c.dim, kv = c.kv_dim(), hidden = c.hidden_dim, layers = c.n_layers;
  const struct {
    const char* name;
    uint64_t weights, copies;
    bool norm;
  } order[] = {{"embedding", c.vocab_size * dim, 1, false}, {"attn_norm", dim, layers, true},
               {"wq", dim * dim, layers, false},            {"wk", dim * kv, layers, false},
               {"wv", dim * kv, layers, false},             {"wo", dim * dim, layers, false},
               {"ffn_norm", dim, layers, true},             {"w1", dim * hidden, layers, false},
               {"w2", dim * hidden, layers, false},         {"w3", dim * hidden, layers, false},
               {"final_norm", dim, 1, true},                {"rope", uint64_t{c.seq_len} * c.head_dim(), 1, false},
               {"classifier", c.vocab_size * dim, 1, false}};
  std::map<std::string, Tensor> found;
  uint64_t at = 0;
  for (const auto& t : order) {
    found[t.name] = {at, t.weights, t.copies, t.norm};
    at += t.weights * t.copies;
  }
  return found;
}

std::vector<float> weights(uint32_t seed, uint64_t first, uint64_t n, bool norm) {
  std::vector<float> out(n);
  for (uint64_t i = 0; i < n; ++i) {
    const double u = double(splitmix64((uint64_t{seed} << 32) + first + i) >> 40) / 16777216.0;
    out[i] = float(norm ? 1.0 + (u - 0.5) * 0.2 : (u - 0.5) * 0.24);
  }
  return out;
}

void put_quantized(std::ostream& out, const std::vector<float>& w, uint32_t group) {
  if (w.size() % group) throw std::invalid_argument("the group size does not divide a tensor");
  std::vector<int8_t> q(w.size());
  std::vector<float> scales(w.size() / group);
  for (size_t g = 0; g < scales.size(); ++g) {
    float largest = 0;
    for (size_t i = g * group; i < (g + 1) * group; ++i) largest = std::max(largest, std::fabs(w[i]));
    scales[g] = largest / 127.0f;
    for (size_t i = g * group; i < (g + 1) * group; ++i)
      q[i] = scales[g] > 0 ? int8_t(std::nearbyint(w[i] / scales[g])) : int8_t(0);
  }
  put(out, q);
  put(out, scales);
}

}  // namespace

void MadeCheckpoint::write(std::ostream& out) const {
  const auto all = tensors(config);
  const auto floats = [&](const char* name) {
    const Tensor& t = all.at(name);
    for (uint64_t copy = 0; copy < t.copies; ++copy)
      put(out, weights(seed, t.first + copy * t.weights, t.weights, t.norm));
  };
  int32_t fields[] = {int32_t(config.dim),        int32_t(config.hidden_dim),
                      int32_t(config.n_layers),   int32_t(config.n_heads),
                      int32_t(config.n_kv_heads), int32_t(config.vocab_size),
                      int32_t(config.seq_len)};
  if (version == 0) {
    if (!shared_classifier) fields[5] = -fields[5];
    put(out, fields);
    for (const char* name : {"embedding", "attn_norm", "wq", "wk", "wv", "wo", "ffn_norm", "w1",
                             "w2", "w3", "final_norm"})
      floats(name);
    put(out, std::vector<float>(all.at("rope").weights));
    if (!shared_classifier) floats("classifier");
    return;
  }

  uint32_t group = group_size;
  while (config.dim % group) group /= 2;
  std::ostringstream header;
  put(header, uint32_t{0x616b3432});
  put(header, int32_t{version});
  put(header, fields);
  put(header, uint8_t{shared_classifier});
  if (version == 2) put(header, group);
  std::string padded = header.str();
  padded.resize(256);
  out << padded;
  for (const char* name : {"attn_norm", "ffn_norm", "final_norm"}) floats(name);
  for (const char* name : {"embedding", "wq", "wk", "wv", "wo", "w1", "w2", "w3", "classifier"}) {
    if (shared_classifier && !std::strcmp(name, "classifier")) continue;
    const Tensor& t = all.at(name);
    for (uint64_t copy = 0; copy < t.copies; ++copy) {
      const auto w = weights(seed, t.first + copy * t.weights, t.weights, t.norm);
      version == 1 ? put(out, w) : put_quantized(out, w, group);
    }
  }
}

std::vector<uint8_t> MadeCheckpoint::bytes() const {
  std::ostringstream out;
  write(out);
  const std::string text = out.str();
  return {text.begin(), text.end()};
}

model::Config shape(const std::string& name) {
  // dim, hidden_dim, n_layers, n_heads, n_kv_heads, vocab_size, seq_len
  static const std::map<std::string, model::Config> shapes = {
      {"tiny", {32, 96, 2, 4, 2, 288, 64}},
      {"gqa", {64, 172, 5, 8, 4, 512, 512}},  // the shape of stories260K
      {"odd", {36, 50, 2, 3, 1, 275, 40}},    // nothing is a multiple of 16
      {"15M", {288, 768, 6, 6, 6, 32000, 256}},
      {"42M", {512, 1376, 8, 8, 8, 32000, 1024}},
      {"110M", {768, 2048, 12, 12, 12, 32000, 1024}},
  };
  const auto found = shapes.find(name);
  if (found == shapes.end()) throw std::invalid_argument("no shape is called " + name);
  return found->second;
}

}  // namespace test
