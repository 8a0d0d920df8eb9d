#pragma once
#include "model/formats/format.hpp"

namespace model {

/// GGUF, versions 2 and 3: models of the llama architecture, every tensor of a type of its own. Layout: ggml,
/// docs/gguf.md. The head has all hyperparameters and the tokenizer; then come the tensors, in any order.
extern const Format kGguf;

}  // namespace model
