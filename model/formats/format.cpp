#include "model/formats/format.hpp"

#include "model/formats/gguf.hpp"
#include "model/formats/llama2c.hpp"

namespace model {
namespace {

/// In the order in which they are asked. llama2.c's oldest files begin with a number, so what nobody
/// else knows is one of them, or none.
constexpr const Format* kFormats[] = {&kGguf, &kLlama2c};

}  // namespace

rt::Result<const ModelFile*> open_model(Stream& stream, rt::Arena& arena, rt::Arena& scratch) {
  rt::Result<rt::Span<const uint8_t>> head = stream.peek(Stream::kPeek);
  if (!head) return head.error();
  const Format* const* format = kFormats;
  while (!(*format)->matches(*head)) ++format;  // the last takes every file
  return (*format)->open(stream, arena, scratch);
}

}  // namespace model
