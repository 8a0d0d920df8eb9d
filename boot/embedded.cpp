#include "boot/embedded.hpp"

// Begins and ends, from embedded.S or embedded_none.S.
extern "C" const uint8_t embedded_model_begin[], embedded_model_end[];
extern "C" const uint8_t embedded_tokenizer_begin[], embedded_tokenizer_end[];

namespace boot {

rt::Span<const uint8_t> embedded_model() {
  return {embedded_model_begin, uint64_t(embedded_model_end - embedded_model_begin)};
}

rt::Span<const uint8_t> embedded_tokenizer() {
  return {embedded_tokenizer_begin, uint64_t(embedded_tokenizer_end - embedded_tokenizer_begin)};
}

}  // namespace boot
