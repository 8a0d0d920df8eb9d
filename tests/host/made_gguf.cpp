#include "tests/host/made_gguf.hpp"

#include <random>
#include <string>

#include "tests/host/gguf_bytes.hpp"

namespace test {
namespace {

constexpr uint32_t kDim = 64, kHidden = 96, kHeads = 2, kTokens = 300;
constexpr uint32_t kF32 = 0, kQ4_0 = 2, kQ8_0 = 8;
constexpr size_t kAlignment = 32;

struct Tensor {
  std::string name;
  uint32_t type;
  uint64_t cols, rows;  // rows 0: a vector
};

const std::vector<Tensor> kTensors = {
    {"token_embd.weight", kQ8_0, kDim, kTokens},      {"output_norm.weight", kF32, kDim, 0},
    {"blk.0.attn_norm.weight", kF32, kDim, 0},        {"blk.0.attn_q.weight", kQ4_0, kDim, kDim},
    {"blk.0.attn_k.weight", kQ4_0, kDim, kDim / 2},   {"blk.0.attn_v.weight", kQ8_0, kDim, kDim / 2},
    {"blk.0.attn_output.weight", kF32, kDim, kDim},   {"blk.0.ffn_norm.weight", kF32, kDim, 0},
    {"blk.0.ffn_gate.weight", kQ4_0, kDim, kHidden},  {"blk.0.ffn_up.weight", kQ4_0, kDim, kHidden},
    {"blk.0.ffn_down.weight", kQ8_0, kHidden, kDim},
};

void fill(std::vector<uint8_t>& bytes) { bytes.resize((bytes.size() + kAlignment - 1) / kAlignment * kAlignment); }

/// Numbers of about 0.1, in a vector near 1; the scale of a block is 2^-6.
std::vector<uint8_t> made_data(const Tensor& t, std::mt19937& random) {
  GgufBytes bytes;
  if (t.type == kF32) {
    for (uint64_t i = 0; i < t.cols * (t.rows ? t.rows : 1); ++i)
      bytes.number((t.rows ? 0.0f : 1.0f) + (float(random() % 1000) - 500) / 4000);
  } else {
    for (uint64_t block = 0; block < t.cols * t.rows / 32; ++block) {
      bytes.number(uint16_t(t.type == kQ4_0 ? 0x2400 : 0x1400));
      for (int i = 0; i < (t.type == kQ4_0 ? 16 : 32); ++i) bytes.number(uint8_t(random()));
    }
  }
  return bytes.bytes();
}

void add_model(GgufBytes& head) {
  head.key("general.architecture", "llama");
  const std::pair<const char*, uint32_t> kNumbers[] = {
      {"block_count", 1u}, {"context_length", 24u}, {"embedding_length", kDim}, {"feed_forward_length", kHidden},
      {"attention.head_count", kHeads}, {"attention.head_count_kv", kHeads / 2}};
  for (const auto& [name, value] : kNumbers) head.key(std::string("llama.") + name, GgufBytes::u32, value);
  head.key("llama.attention.layer_norm_rms_epsilon", GgufBytes::f32, 1e-5f);
  std::vector<std::string> tokens = {"<unk>", "<s>", "</s>"};
  std::vector<int32_t> types = {2, 3, 3};
  for (int byte = 0; byte < 256; ++byte) {
    char name[8];
    std::snprintf(name, sizeof name, "<0x%02X>", unsigned(byte));
    tokens.push_back(name);
    types.push_back(6);
  }
  tokens.push_back("\u2581");
  for (char letter = 'a'; letter <= 'z'; ++letter) tokens.push_back(std::string(1, letter));
  while (tokens.size() < kTokens) tokens.push_back("\u2581" + std::string(1, char('a' + tokens.size() % 26)) + "b");
  types.resize(kTokens, 1);
  std::vector<float> scores;
  for (uint32_t i = 0; i < kTokens; ++i) scores.push_back(-float(i));
  head.key("tokenizer.ggml.model", "llama").key("tokenizer.ggml.tokens", tokens);
  head.key("tokenizer.ggml.scores", GgufBytes::f32, scores).key("tokenizer.ggml.token_type", GgufBytes::i32, types);
}

}  // namespace

std::vector<std::vector<uint8_t>> made_gguf(uint16_t files) {
  std::mt19937 random(1);
  std::vector<std::vector<uint8_t>> made;
  for (uint16_t number = 0; number < files; ++number) {
    GgufBytes head;
    if (number == 0) add_model(head);
    if (files > 1)
      head.key("split.no", GgufBytes::u16, number).key("split.count", GgufBytes::u16, files)
          .key("split.tensors.count", GgufBytes::i32, int32_t(kTensors.size()));
    std::vector<uint8_t> data;
    uint64_t tensors = 0;
    for (size_t i = kTensors.size() * number / files; i < kTensors.size() * (number + 1u) / files; ++i, ++tensors) {
      const Tensor& t = kTensors[i];
      head.string(t.name).number(t.rows ? 2u : 1u).number(t.cols);
      if (t.rows) head.number(t.rows);
      head.number(t.type).number(uint64_t{data.size()});
      const std::vector<uint8_t> its = made_data(t, random);
      data.insert(data.end(), its.begin(), its.end());
      fill(data);
    }
    std::vector<uint8_t> file = head.file(3, tensors);
    fill(file);
    file.insert(file.end(), data.begin(), data.end());
    made.push_back(file);
  }
  return made;
}

}  // namespace test
