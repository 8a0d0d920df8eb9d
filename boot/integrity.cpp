#include "boot/integrity.hpp"

namespace boot {

rt::Result<rt::Span<const uint8_t>> Hashing::next(uint64_t most) {
  rt::Result<rt::Span<const uint8_t>> bytes = source_.next(most);
  if (bytes) hash_.update(*bytes);
  return bytes;
}

rt::Text Hashing::sum() { return rt::to_hex(hash_.finish(), digits_); }

rt::Result<rt::Text> expected_sum(rt::Text name, rt::Text content, rt::Span<char> buffer) {
  constexpr uint64_t kDigits = 64;
  uint64_t n = 0;
  for (; n < content.size && n < kDigits && n < buffer.count; ++n) {
    char c = content[n];
    if (c >= 'A' && c <= 'F') c = char(c - 'A' + 'a');
    if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))) break;
    buffer[n] = c;
  }
  const bool ends = n == content.size || content[n] == ' ' || content[n] == '\r' || content[n] == '\n';
  if (n == kDigits && ends) return rt::Text(buffer.data, n);
  return rt::fail(rt::Errc::bad_file, n, "%pT: not a SHA-256: 64 hexadecimal digits are expected",
                  &name);
}

}  // namespace boot
