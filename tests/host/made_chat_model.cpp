#include "tests/host/made_chat_model.hpp"

#include <random>

#include "tests/host/gguf_bytes.hpp"
#include "tests/host/vocabulary.hpp"

namespace test {
namespace {

constexpr uint32_t kDim = 32, kHidden = 48, kLayers = 2, kHeads = 2, kKvHeads = 1;

}  // namespace

std::vector<uint8_t> MadeChatModel::bytes() const {
  std::vector<std::string> tokens = {"<|endoftext|>", "<|im_start|>", "<|im_end|>"}, merges;
  for (int byte = 0; byte < 256; ++byte) tokens.push_back(byte_character(uint8_t(byte)));
  for (const char* pair : {"a b", "c d", "e r", "t h", "o u"}) {
    merges.push_back(pair);
    tokens.push_back({pair[0], pair[2]});
  }
  std::vector<int32_t> types(tokens.size(), 1);
  types[0] = types[1] = types[2] = 3;

  using G = GgufBytes;
  G head;
  const GgufShape shape = {kLayers, context, kDim, kHidden, kHeads, kKvHeads};
  head.model(shape).key("llama.rope.dimension_count", G::u32, kDim / kHeads).key("llama.rope.freq_base", G::f32, 10000.0f);
  head.key("tokenizer.ggml.model", "gpt2").key("tokenizer.ggml.pre", "smollm");
  head.key("tokenizer.ggml.tokens", tokens).key("tokenizer.ggml.merges", merges);
  head.key("tokenizer.ggml.token_type", G::i32, types);
  head.key("tokenizer.ggml.bos_token_id", G::u32, uint32_t{1}).key("tokenizer.ggml.eos_token_id", G::u32, uint32_t{2});
  if (!chat_template.empty()) head.key("tokenizer.chat_template", chat_template);

  std::mt19937 random(seed);
  std::vector<float> weights;
  for (const GgufTensor& t : gguf_tensors(shape, tokens.size(), 0, true)) {
    head.tensor(t, weights.size() * sizeof(float));
    for (uint64_t row = 0; row < (t.rows ? t.rows : 1); ++row)
      for (uint64_t i = 0; i < t.cols; ++i) {
        float w = (float(random() >> 8) / float(1 << 24) - 0.5f) * 0.6f;
        if (!t.rows) w = 1 + w / 2;
        // The model writes what people can read.
        const bool letter = row >= 3 + 'a' && row <= 3 + 'z';
        if (t.name == "output.weight") w *= row == 2 ? ends : letter || row == 3 + ' ' ? 2.0f : 0.25f;
        weights.push_back(w);
      }
  }
  std::vector<uint8_t> file = head.file();
  fill_gguf(file);
  const auto* data = reinterpret_cast<const uint8_t*>(weights.data());
  file.insert(file.end(), data, data + weights.size() * sizeof(float));
  return file;
}

}  // namespace test
