#include "tests/host/made_chat_model.hpp"

#include <random>

#include "rt/utf.hpp"
#include "tests/host/gguf_bytes.hpp"

namespace test {
namespace {

constexpr uint32_t kDim = 32, kHidden = 48, kLayers = 2, kHeads = 2, kKvHeads = 1, kKvDim = kDim / kHeads * kKvHeads;

/// A byte as byte-level vocabularies write it: printable ones as they are, the others as characters from U+0100 on.
std::string shown(int byte) {
  const auto plain = [](int b) { return (b >= 0x21 && b <= 0x7e) || (b >= 0xa1 && b <= 0xac) || b >= 0xae; };
  char32_t character = char32_t(byte);
  if (!plain(byte)) {
    character = 0x100;
    for (int b = 0; b < byte; ++b) character += !plain(b);
  }
  char bytes[4];
  return {bytes, size_t(rt::encode_utf8(character, bytes))};
}

}  // namespace

std::vector<uint8_t> MadeChatModel::bytes() const {
  std::vector<std::string> tokens = {"<|endoftext|>", "<|im_start|>", "<|im_end|>"}, merges;
  for (int byte = 0; byte < 256; ++byte) tokens.push_back(shown(byte));
  for (const char* pair : {"a b", "c d", "e r", "t h", "o u"}) {
    merges.push_back(pair);
    tokens.push_back({pair[0], pair[2]});
  }
  std::vector<int32_t> types(tokens.size(), 1);
  types[0] = types[1] = types[2] = 3;

  using G = GgufBytes;
  G head;
  head.key("general.architecture", "llama");
  head.key("llama.block_count", G::u32, kLayers).key("llama.context_length", G::u32, context);
  head.key("llama.embedding_length", G::u32, kDim).key("llama.feed_forward_length", G::u32, kHidden);
  head.key("llama.attention.head_count", G::u32, kHeads).key("llama.attention.head_count_kv", G::u32, kKvHeads);
  head.key("llama.rope.dimension_count", G::u32, kDim / kHeads).key("llama.rope.freq_base", G::f32, 10000.0f);
  head.key("llama.attention.layer_norm_rms_epsilon", G::f32, 1e-5f);
  head.key("tokenizer.ggml.model", "gpt2").key("tokenizer.ggml.pre", "smollm");
  head.key("tokenizer.ggml.tokens", tokens).key("tokenizer.ggml.merges", merges);
  head.key("tokenizer.ggml.token_type", G::i32, types);
  head.key("tokenizer.ggml.bos_token_id", G::u32, uint32_t{1}).key("tokenizer.ggml.eos_token_id", G::u32, uint32_t{2});
  if (!chat_template.empty()) head.key("tokenizer.chat_template", chat_template);

  std::mt19937 random(seed);
  std::vector<float> weights;
  uint64_t tensors = 0;
  const auto tensor = [&](const std::string& name, uint64_t rows, uint64_t cols) {
    head.string(name);
    if (rows == 1) head.number(uint32_t{1}).number(cols);
    else head.number(uint32_t{2}).number(cols).number(rows);
    head.number(uint32_t{0}).number(uint64_t{weights.size() * sizeof(float)});  // float32
    ++tensors;
    for (uint64_t row = 0; row < rows; ++row)
      for (uint64_t i = 0; i < cols; ++i) {
        float w = (float(random() >> 8) / float(1 << 24) - 0.5f) * 0.6f;
        if (rows == 1) w = 1 + w / 2;
        // The model writes what people can read.
        const bool letter = row >= 3 + 'a' && row <= 3 + 'z';
        if (name == "output.weight") w *= row == 2 ? ends : letter || row == 3 + ' ' ? 2.0f : 0.25f;
        weights.push_back(w);
      }
  };
  tensor("token_embd.weight", tokens.size(), kDim);
  tensor("output_norm.weight", 1, kDim);
  tensor("output.weight", tokens.size(), kDim);
  for (uint32_t layer = 0; layer < kLayers; ++layer) {
    const std::string block = "blk." + std::to_string(layer) + ".";
    tensor(block + "attn_norm.weight", 1, kDim);
    tensor(block + "attn_q.weight", kDim, kDim);
    tensor(block + "attn_k.weight", kKvDim, kDim);
    tensor(block + "attn_v.weight", kKvDim, kDim);
    tensor(block + "attn_output.weight", kDim, kDim);
    tensor(block + "ffn_norm.weight", 1, kDim);
    tensor(block + "ffn_gate.weight", kHidden, kDim);
    tensor(block + "ffn_up.weight", kHidden, kDim);
    tensor(block + "ffn_down.weight", kDim, kHidden);
  }
  std::vector<uint8_t> file = head.file(3, tensors);
  file.resize((file.size() + 31) / 32 * 32);
  const auto* data = reinterpret_cast<const uint8_t*>(weights.data());
  file.insert(file.end(), data, data + weights.size() * sizeof(float));
  return file;
}

}  // namespace test
