#include "rt/source.hpp"

#include "rt/memory.hpp"

namespace rt {

Result<void> read_exactly(ByteSource& source, void* to, uint64_t n) {
  auto* at = static_cast<uint8_t*>(to);
  while (n) {
    Result<Span<const uint8_t>> bytes = source.next(n);
    if (!bytes) return bytes.error();
    copy_bytes(at, bytes->data, bytes->count);
    at += bytes->count;
    n -= bytes->count;
  }
  return {};
}

Result<void> no_parts(Text name, uint32_t count) {
  return fail(Errc::unsupported, count, "%pT: the model is split over %u files; join them with gguf-split --merge",
              &name, count);
}

Result<Span<const uint8_t>> MemorySource::next(uint64_t most) {
  if (at_ == bytes_.count)
    return fail(Errc::bad_file, at_, "%pT: the file ends after %'llu bytes",
                    &name_, static_cast<unsigned long long>(at_));
  const Span<const uint8_t> part = bytes_.part(at_, min(most, bytes_.count - at_));
  at_ += part.count;
  return part;
}

}  // namespace rt
