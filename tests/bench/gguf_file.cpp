// GGUF files of the shapes of real models, with made-up weights: speed does not depend on what they say.
#include <filesystem>
#include <fstream>
#include <random>
#include <vector>

#include "model/formats/stored_types.hpp"
#include "tests/bench/bench.hpp"
#include "tests/host/gguf_bytes.hpp"
#include "tests/host/naive_blocks.hpp"

namespace test {
namespace {

constexpr uint32_t kF32 = 0, kQ4_0 = 2, kQ4_1 = 3, kQ5_0 = 6, kQ8_0 = 8, kQ4_K = 12, kQ6_K = 14;

struct Shape : GgufShape {
  const char* name;
  uint32_t tokens;
};
// layers, context, dim, hidden, heads, kv_heads
constexpr Shape kShapes[] = {
    {{30, 8192, 576, 1536, 9, 3}, "135M", 49152},     // SmolLM2-135M
    {{16, 8192, 2048, 8192, 32, 8}, "1B", 128256},    // Llama-3.2-1B
    {{6, 8192, 1024, 4096, 16, 8}, "100M", 16384},    // rows of whole blocks of 256
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

std::vector<GgufTensor> tensors_of(const Shape& shape, const Types& types) {
  std::vector<GgufTensor> all = gguf_tensors(shape, shape.tokens, types.most);
  uint32_t layer = 0;
  for (GgufTensor& t : all) {
    if (t.name == "token_embd.weight") t.type = types.embedding;
    if (t.name.ends_with("ffn_down.weight")) t.type = layer++ % 2 ? types.odd_down : types.even_down;
  }
  return all;
}

/// A row of blocks of any bits whose half floats are 2^-8; ones in a vector.
std::vector<uint8_t> row_of(const GgufTensor& t, std::mt19937& random) {
  if (t.type != kF32) return made_row(block_facts(t.type), uint32_t(t.cols), random, [] { return uint16_t(0x1c00); });
  const std::vector<float> ones(t.cols, 1.0f);
  const auto* bytes = reinterpret_cast<const uint8_t*>(ones.data());
  return {bytes, bytes + ones.size() * sizeof(float)};
}

void write(std::ostream& out, const Shape& shape, const std::string& mix) {
  GgufBytes head;
  head.model(shape);
  std::vector<std::string> tokens;
  for (uint32_t i = 0; i < shape.tokens; ++i) tokens.push_back("t" + std::to_string(i));
  head.key("tokenizer.ggml.model", "llama").key("tokenizer.ggml.tokens", tokens);
  const std::vector<GgufTensor> tensors = tensors_of(shape, types_of(shape, mix));
  uint64_t offset = 0;
  for (const GgufTensor& t : tensors) {
    head.tensor(t, offset);
    offset += rt::round_up(model::find_stored_type(t.type)->bytes(t.cols) * (t.rows ? t.rows : 1), 32);
  }
  uint64_t at = 0;
  const auto put = [&](const std::vector<uint8_t>& bytes) {
    out.write(reinterpret_cast<const char*>(bytes.data()), std::streamsize(bytes.size()));
    at += bytes.size();
  };
  const auto fill = [&] { put(std::vector<uint8_t>(rt::round_up(at, 32) - at)); };
  put(head.file());
  fill();
  std::mt19937 random(1);
  for (const GgufTensor& t : tensors) {
    const std::vector<uint8_t> row = row_of(t, random);
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
