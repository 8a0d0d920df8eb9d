// LoadOptions, which firmware may fill with anything.
//
// For every run of bytes, at any address: it is a command line in UTF-8, or unreadable and empty;
// nothing is written beyond the buffer. For every command line: it is read, or refused with a
// sentence; every option is in its documented range; what was passed over fits its buffer.
#include "boot/platform/program.hpp"
#include "rt/utf.hpp"
#include "tests/fuzz/options.hpp"

namespace {

using fuzz::must;

std::vector<uint8_t> bytes_of(const std::u16string& units) {
  std::vector<uint8_t> bytes(units.size() * 2);
  if (!bytes.empty()) std::memcpy(bytes.data(), units.data(), bytes.size());
  return bytes;
}

/// A text as the UTF-16 that a shell hands over.
std::vector<uint8_t> as_shell(const std::string& text) {
  std::u16string units;
  for (const char32_t c : fuzz::decode_utf8(text)) {
    char16_t pair[2];
    units.append(pair, size_t(rt::encode_utf16(c, pair)));
  }
  return bytes_of(units + u'\0');
}

/// The optional data of an EFI_LOAD_OPTION whose path is one end node.
std::vector<uint8_t> as_load_option(const std::vector<uint8_t>& optional) {
  std::vector<uint8_t> bytes = {1, 0, 0, 0, 4, 0, 'L', 0, 0, 0, 0x7f, 0xff, 4, 0};
  bytes.insert(bytes.end(), optional.begin(), optional.end());
  return bytes;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fuzz::Input input(data, size);
  const uint8_t form = input.byte(), room = input.byte(), passed_over_room = input.byte();
  const uint64_t room_bytes = room ? room * 4u : 16 * 1024;
  std::vector<uint8_t> bytes = form & 1 ? input.rest() : as_shell(input.rest_text());
  const std::vector<uint8_t> bare = bytes;
  if (form & 2) bytes = as_load_option(bytes);
  test::Exact<uint8_t> options_memory(bytes.size(), form >> 2 & 3);
  if (!bytes.empty()) std::memcpy(options_memory.data(), bytes.data(), bytes.size());

  const test::Exact<char> buffer(room_bytes);
  bool unreadable = true;
  const rt::Span<char> line = boot::decode_load_options(
      {options_memory.data(), options_memory.size()}, buffer.span(), unreadable);
  must(line.data == buffer.data() && line.count < buffer.size(), "a command line lies in its buffer");
  must(!unreadable || line.empty(), "what is unreadable is empty");
  const std::string text(line.data, line.count);
  must(fuzz::valid_utf8(text), "a command line is UTF-8");
  for (const char c : text) must(uint8_t(c) >= 0x20 || c == '\t' || c == '\r' || c == '\n', "a command line is text");

  const test::Exact<char> passed_over_buffer(passed_over_room);
  rt::Text passed_over;
  boot::Options options;
  const test::Exact<char> line_memory = fuzz::exact(text);
  const auto done = boot::read_command_line(options, line_memory.span(), passed_over, passed_over_buffer.span());
  if (!done) {
    fuzz::must_be_a_sentence(done.error());
    must(rt::Text(done.error().text).starts_with("command line, word "), "an error names its word");
  }
  fuzz::must_be_in_range(options, line_memory.data(), line_memory.size());
  must(fuzz::within(passed_over, passed_over_buffer.data(), passed_over_buffer.size()), "what is passed over fits");
  return 0;
}
