#include "boot/text_file.hpp"

#include "rt/utf.hpp"

namespace boot {

rt::Result<rt::Text> read_text(platform::Readable& file, uint64_t most, rt::Arena& arena) {
  rt::Result<rt::Span<uint8_t>> bytes = file.read_all(arena, most);
  if (!bytes) return bytes.error();
  const rt::Text text(reinterpret_cast<const char*>(bytes->data), bytes->count);
  if (!text.starts_with("\xff\xfe")) return text;
  rt::Result<rt::Span<char>> buffer = arena.make_raw<char>(bytes->count / 2 * 3 + 1);
  if (!buffer) return buffer.error();
  return rt::utf16_to_utf8({reinterpret_cast<const char16_t*>(bytes->data + 2), bytes->count / 2 - 1}, *buffer);
}

rt::Result<rt::Text> read_text(const rt::Text& path, uint64_t most, rt::Arena& arena) {
  rt::Result<platform::File> file = platform::open_on_any(platform::DeviceList().all(), path);
  if (!file) return file.error();
  return read_text(*file, most, arena);
}

}  // namespace boot
