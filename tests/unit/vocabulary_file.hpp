#pragma once
#include <bit>
#include <cstring>
#include <fstream>
#include <iterator>
#include <map>

#include "model/formats/gguf_header.hpp"
#include "tests/unit/naive_bpe.hpp"

namespace test {

/// The tokenizer's part of a GGUF file's metadata, read without looking for mistakes.
struct VocabularyFile : BpeVocabulary {
  std::string model, chat_template;
  std::vector<float> scores;
  uint32_t add_space_prefix = model::gguf::Vocabulary::kUnsaid;
};

inline VocabularyFile read_vocabulary(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  const auto take = [&](auto number) {
    file.read(reinterpret_cast<char*>(&number), sizeof number);
    return number;
  };
  const auto text = [&] {
    std::string bytes(take(uint64_t{}), '\0');
    file.read(bytes.data(), std::streamsize(bytes.size()));
    return bytes;
  };
  VocabularyFile found;
  file.seekg(16);
  for (uint64_t keys = take(uint64_t{}); keys; --keys) {
    const std::string key = text();
    constexpr uint8_t kSizes[] = {1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};
    constexpr uint32_t kText = 8, kArray = 9;
    uint32_t type = take(uint32_t{});
    const bool array = type == kArray;
    if (array) type = take(uint32_t{});
    for (uint64_t n = array ? take(uint64_t{}) : 1; n; --n) {
      uint64_t number = 0;
      std::string string;
      if (type == kText) string = text();
      else file.read(reinterpret_cast<char*>(&number), kSizes[type]);
      if (key == "tokenizer.ggml.tokens") found.tokens.push_back(string);
      if (key == "tokenizer.ggml.merges") found.merges.push_back(string);
      if (key == "tokenizer.ggml.token_type") found.types.push_back(uint8_t(number));
      if (key == "tokenizer.ggml.scores") found.scores.push_back(std::bit_cast<float>(uint32_t(number)));
      if (key == "tokenizer.ggml.add_space_prefix") found.add_space_prefix = uint32_t(number);
      if (key == "tokenizer.ggml.model") found.model = string;
      if (key == "tokenizer.ggml.pre") found.pre = string;
      if (key == "tokenizer.chat_template") found.chat_template = string;
    }
  }
  return found;
}

/// A file of ../shared, the data that lies beside a checkout in some places; empty where it is not there.
inline std::string shared_or_none(const std::string& path) {
  const std::string found = "../shared/" + path;
  return std::ifstream(found) ? found : "";
}

}  // namespace test
