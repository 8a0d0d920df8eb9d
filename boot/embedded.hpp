#pragma once
#include "rt/span.hpp"

namespace boot {

/// A model and its tokenizer inside the program: in llama-standalone.efi, in a read-only section of
/// its own (embedded.S). In llama.efi both are empty.
rt::Span<const uint8_t> embedded_model();
rt::Span<const uint8_t> embedded_tokenizer();

}  // namespace boot
