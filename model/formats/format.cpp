#include "model/formats/format.hpp"

namespace model {

rt::Result<const ModelFile*> open_model(Stream& stream, rt::Arena& arena, rt::Arena& scratch) {
  rt::Result<rt::Span<const uint8_t>> head = stream.peek(Stream::kPeek);
  if (!head) return head.error();
  const Format* const* format = all_formats().data;
  while (!(*format)->matches(*head)) ++format;  // the last takes every file
  return (*format)->open(stream, arena, scratch);
}

}  // namespace model
