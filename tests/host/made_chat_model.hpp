#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace test {

/// A GGUF file of a small model with made-up weights whose file says how to chat with it: it answers in letters, spaces
/// and line breaks, and ends its turns. Its tokens are the 256 bytes, a few pairs of letters, and three special ones.
struct MadeChatModel {
  uint32_t context = 256;
  uint32_t seed = 1;
  float ends = 2.5f;  // how much the weights of the end of a turn count: with 1 it is a token as any other
  std::string chat_template =
      "{% if messages[0]['role'] != 'system' %}{{ '<|im_start|>system\nYou are made up<|im_end|>\n' }}{% endif %}"
      "{% for m in messages %}{{ '<|im_start|>' + m['role'] + '\n' + m['content'] + '<|im_end|>' + '\n' }}{% endfor %}";

  std::vector<uint8_t> bytes() const;
};

}  // namespace test
