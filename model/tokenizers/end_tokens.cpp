#include "model/tokenizers/end_tokens.hpp"

namespace model {

bool is_end_text(const rt::Text& text) {
  constexpr const char* kTexts[] = {
      "<|im_end|>", "<|endoftext|>", "<|eot_id|>",     "<|end_of_text|>",
      "<|eom_id|>", "<|end|>",       "<end_of_turn>", "<EOT>"};
  for (const char* end : kTexts)
    if (text == end) return true;
  return false;
}

}  // namespace model
