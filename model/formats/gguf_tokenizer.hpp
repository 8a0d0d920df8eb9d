#pragma once
#include "model/formats/gguf_header.hpp"
#include "model/tokenizers/tokenizer.hpp"

namespace model::gguf {

/// The tokenizer of a file's metadata, of which nothing is needed afterwards. Refuses a vocabulary that is not one
/// of `vocab_size` tokens, and kinds of tokenizers that we do not have.
rt::Result<const Tokenizer*> make_tokenizer(const Vocabulary& vocabulary, uint32_t vocab_size, Reader& reader,
                                            rt::Arena& arena, rt::Arena& scratch);

}  // namespace model::gguf
