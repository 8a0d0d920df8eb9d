#pragma once
#include "model/formats/stream.hpp"
#include "model/tokenizers/sentencepiece.hpp"

namespace model {

/// llama2.c's tokenizer.bin: int32 longest token, then per token float32 score, int32 length, bytes.
/// The count of tokens is the model's. Reads the whole file; fails where it does not hold exactly
/// `vocab_size` tokens of at most Pieces::kLongest bytes. `scratch` is rewound.
rt::Result<SentencePiece> read_tokenizer(Stream& stream, uint32_t vocab_size, rt::Arena& arena,
                                         rt::Arena& scratch);

/// What read_tokenizer() takes from its arenas for a file of `file_bytes`, in bytes.
struct TokenizerBytes {
  uint64_t arena = 0, scratch = 0;
};
TokenizerBytes tokenizer_bytes(uint64_t file_bytes, uint32_t vocab_size);

}  // namespace model
