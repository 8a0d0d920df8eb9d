#include "tests/host/made_gguf.hpp"

#include <random>
#include <string>

#include "tests/host/gguf_bytes.hpp"
#include "tests/host/naive_blocks.hpp"
#include "tests/host/vocabulary.hpp"

namespace test {
namespace {

constexpr GgufShape kShape = {.layers = 1, .context = 24, .dim = 64, .hidden = 96, .heads = 2, .kv_heads = 1};
constexpr uint32_t kTokens = 300;
constexpr uint32_t kF32 = 0, kQ4_0 = 2, kQ8_0 = 8;

std::vector<GgufTensor> made_tensors() {
  std::vector<GgufTensor> all = gguf_tensors(kShape, kTokens, kQ4_0);
  for (GgufTensor& t : all) {
    const auto is = [&](const char* name) { return t.name.find(name) != std::string::npos; };
    if (is("token_embd") || is("attn_v") || is("ffn_down")) t.type = kQ8_0;
    if (is("attn_output")) t.type = kF32;
  }
  return all;
}

/// Numbers of about 0.1, in a vector near 1.
std::vector<uint8_t> made_data(const GgufTensor& t, std::mt19937& random) {
  if (t.type != kF32)
    return made_row(block_facts(t.type), uint32_t(t.cols * t.rows), random,
                    [&] { return uint16_t(t.type == kQ4_0 ? 0x2400 : 0x1400); });
  GgufBytes bytes;
  for (uint64_t i = 0; i < t.cols * (t.rows ? t.rows : 1); ++i)
    bytes.number((t.rows ? 0.0f : 1.0f) + (float(random() % 1000) - 500) / 4000);
  return bytes.bytes();
}

void add_model(GgufBytes& head) {
  head.model(kShape);
  std::vector<std::string> tokens = {"<unk>", "<s>", "</s>"};
  std::vector<int32_t> types = {2, 3, 3};
  for (const std::string& piece : byte_pieces()) tokens.push_back(piece), types.push_back(6);
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

std::vector<std::vector<uint8_t>> made_gguf(uint16_t files, uint32_t alignment) {
  const std::vector<GgufTensor> all = made_tensors();
  std::mt19937 random(1);
  std::vector<std::vector<uint8_t>> made;
  for (uint16_t number = 0; number < files; ++number) {
    GgufBytes head;
    const uint32_t own = number + 1 == files ? alignment : 32;
    if (number == 0) add_model(head);
    if (own != 32) head.key("general.alignment", GgufBytes::u32, own);
    if (files > 1)
      head.key("split.no", GgufBytes::u16, number).key("split.count", GgufBytes::u16, files)
          .key("split.tensors.count", GgufBytes::i32, int32_t(all.size()));
    std::vector<uint8_t> data;
    for (size_t i = all.size() * number / files; i < all.size() * (number + 1u) / files; ++i) {
      head.tensor(all[i], data.size());
      const std::vector<uint8_t> its = made_data(all[i], random);
      data.insert(data.end(), its.begin(), its.end());
      fill_gguf(data, own);
    }
    std::vector<uint8_t> file = head.file();
    fill_gguf(file, own);
    file.insert(file.end(), data.begin(), data.end());
    made.push_back(file);
  }
  return made;
}

}  // namespace test
