// GGUF files of the shapes of real models, with made-up weights: speed does not depend on what they say.
#include <filesystem>
#include <fstream>
#include <random>
#include <vector>

#include "model/formats/stored_types.hpp"
#include "tests/bench/bench.hpp"
#include "tests/host/gguf_bytes.hpp"

namespace test {
namespace {

constexpr uint32_t kF32 = 0, kQ4_0 = 2, kQ4_1 = 3, kQ5_0 = 6, kQ8_0 = 8, kQ4_K = 12, kQ6_K = 14;
constexpr uint64_t kAlignment = 32;

struct Shape {
  const char* name;
  uint32_t dim, hidden, layers, heads, kv_heads, vocabulary;
};
constexpr Shape kShapes[] = {
    {"135M", 576, 1536, 30, 9, 3, 49152},      // SmolLM2-135M
    {"1B", 2048, 8192, 16, 32, 8, 128256},     // Llama-3.2-1B
    {"100M", 1024, 4096, 6, 16, 8, 16384},     // rows of whole blocks of 256
};

struct Tensor {
  std::string name;
  uint32_t type;
  uint64_t cols, rows;  // rows 0: a vector
};

/// The types of what a file of this name has: of most matrices, of ffn_down in even and in odd layers, of the embedding, which
/// llama-quantize keeps finer. Q4_K_M cannot cut rows of 576 into blocks of 256.
struct Types {
  uint32_t most, even_down, odd_down, embedding;
};
Types types_of(const Shape& shape, const std::string& mix) {
  const uint32_t fine = shape.dim % 256 ? kQ8_0 : kQ6_K;
  if (mix == "Q8_0") return {kQ8_0, kQ8_0, kQ8_0, kQ8_0};
  if (mix == "Q4_0") return {kQ4_0, kQ4_0, kQ4_0, fine};
  if (mix == "Q4_1") return {kQ4_1, kQ4_1, kQ4_1, fine};
  if (mix == "Q4_K") return {kQ4_K, kQ4_K, kQ4_K, kQ4_K};
  return shape.dim % 256 ? Types{kQ5_0, kQ6_K, kQ4_K, fine} : Types{kQ4_K, kQ6_K, kQ4_K, fine};
}

std::vector<Tensor> tensors_of(const Shape& s, const Types& types) {
  const uint32_t kv = s.dim / s.heads * s.kv_heads;
  std::vector<Tensor> all = {{"token_embd.weight", types.embedding, s.dim, s.vocabulary}, {"output_norm.weight", kF32, s.dim, 0}};
  for (uint32_t i = 0; i < s.layers; ++i) {
    const std::string layer = "blk." + std::to_string(i) + ".";
    for (const char* norm : {"attn_norm", "ffn_norm"}) all.push_back({layer + norm + ".weight", kF32, s.dim, 0});
    const std::tuple<const char*, uint32_t, uint32_t> kMatrices[] = {
        {"attn_q", s.dim, s.dim}, {"attn_k", s.dim, kv}, {"attn_v", s.dim, kv}, {"attn_output", s.dim, s.dim},
        {"ffn_gate", s.dim, s.hidden}, {"ffn_up", s.dim, s.hidden}};
    for (const auto& [name, cols, rows] : kMatrices) all.push_back({layer + name + ".weight", types.most, cols, rows});
    all.push_back({layer + "ffn_down.weight", i % 2 ? types.odd_down : types.even_down, s.hidden, s.dim});
  }
  return all;
}

uint64_t bytes_of(const Tensor& t) { return model::find_stored_type(t.type)->bytes(t.cols) * (t.rows ? t.rows : 1); }

/// A row of blocks of any bits whose half floats, wherever the type has one, are about 2^-8.
std::vector<uint8_t> made_row(const Tensor& t, std::mt19937& random) {
  const model::StoredType& type = *model::find_stored_type(t.type);
  std::vector<uint8_t> row(type.bytes(t.cols));
  if (!type.quantized()) {
    const std::vector<float> ones(t.cols, 1.0f);
    std::memcpy(row.data(), ones.data(), row.size());
    return row;
  }
  for (uint8_t& byte : row) byte = uint8_t(random());
  for (size_t at = 0; at < row.size(); at += type.block_bytes)
    for (const uint32_t offset : {1u, 3u, type.block_bytes - 1u, type.block_bytes - 3u}) row[at + offset] = 0x1c;
  return row;
}

void write(std::ostream& out, const Shape& shape, const std::string& mix) {
  GgufBytes head;
  head.key("general.architecture", "llama");
  const std::pair<const char*, uint32_t> kNumbers[] = {
      {"block_count", shape.layers}, {"context_length", 8192u}, {"embedding_length", shape.dim},
      {"feed_forward_length", shape.hidden}, {"attention.head_count", shape.heads},
      {"attention.head_count_kv", shape.kv_heads}};
  for (const auto& [name, value] : kNumbers) head.key(std::string("llama.") + name, GgufBytes::u32, value);
  head.key("llama.attention.layer_norm_rms_epsilon", GgufBytes::f32, 1e-5f);
  std::vector<std::string> tokens;
  for (uint32_t i = 0; i < shape.vocabulary; ++i) tokens.push_back("t" + std::to_string(i));
  head.key("tokenizer.ggml.model", "llama").key("tokenizer.ggml.tokens", tokens);
  const std::vector<Tensor> tensors = tensors_of(shape, types_of(shape, mix));
  uint64_t offset = 0;
  for (const Tensor& t : tensors) {
    head.string(t.name).number(t.rows ? 2u : 1u).number(t.cols);
    if (t.rows) head.number(t.rows);
    head.number(t.type).number(offset);
    offset += rt::round_up(bytes_of(t), kAlignment);
  }
  uint64_t at = 0;
  const auto put = [&](const std::vector<uint8_t>& bytes) {
    out.write(reinterpret_cast<const char*>(bytes.data()), std::streamsize(bytes.size()));
    at += bytes.size();
  };
  const auto fill = [&] { put(std::vector<uint8_t>(rt::round_up(at, kAlignment) - at)); };
  put(head.file(3, tensors.size()));
  fill();
  std::mt19937 random(1);
  for (const Tensor& t : tensors) {
    const std::vector<uint8_t> row = made_row(t, random);
    for (uint64_t i = 0; i < (t.rows ? t.rows : 1); ++i) put(row);
    fill();
  }
}

}  // namespace

std::string gguf_file(const std::string& shape_name, const std::string& mix) {
  const std::filesystem::path path = "out/bench/" + shape_name + "-" + mix + ".gguf";
  if (std::filesystem::exists(path)) return path;
  for (const Shape& shape : kShapes) {
    if (shape_name != shape.name) continue;
    std::filesystem::create_directories(path.parent_path());
    const std::filesystem::path unfinished = path.string() + ".unfinished";
    std::ofstream out(unfinished, std::ios::binary);
    write(out, shape, mix);
    out.close();
    if (!out) throw std::runtime_error(unfinished.string() + " cannot be written");
    std::filesystem::rename(unfinished, path);
  }
  return path;
}

}  // namespace test
