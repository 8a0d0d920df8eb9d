#include "model/byte_source.hpp"

#include "rt/memory.hpp"

namespace model {

rt::Result<void> read_exactly(ByteSource& source, void* to, uint64_t n) {
  auto* at = static_cast<uint8_t*>(to);
  while (n) {
    rt::Result<rt::Span<const uint8_t>> bytes = source.next(n);
    if (!bytes) return bytes.error();
    rt::copy_bytes(at, bytes->data, bytes->count);
    at += bytes->count;
    n -= bytes->count;
  }
  return {};
}

rt::Result<rt::Span<const uint8_t>> MemorySource::next(uint64_t most) {
  if (at_ == bytes_.count)
    return rt::fail(rt::Errc::bad_file, at_, "%.*s: the file ends after %'llu bytes",
                    name_.length(), name_.data, static_cast<unsigned long long>(at_));
  const rt::Span<const uint8_t> part = bytes_.part(at_, rt::min(most, bytes_.count - at_));
  at_ += part.count;
  return part;
}

}  // namespace model
