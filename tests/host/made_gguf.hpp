#pragma once
#include <cstdint>
#include <vector>

namespace test {

/// A GGUF model with made-up weights and a tokenizer of 300 tokens, as small as one can be that has matrices in Q4_0, Q8_0 and
/// F32: as `files` files, which gguf-split would make of one. Its context is 24 tokens. `alignment`: of the last file.
std::vector<std::vector<uint8_t>> made_gguf(uint16_t files = 1, uint32_t alignment = 32);

}  // namespace test
