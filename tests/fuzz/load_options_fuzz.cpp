// What firmware says of the program: its LoadOptions and its place, which may be anything.
//
// For every run of bytes, at any address: it is a command line in UTF-8, or unreadable and empty; a
// text that a shell hands over comes out as it is, as far as there is room. For every command line:
// it is read, or refused with a sentence; every option is in its documented range; what was passed
// over fits its buffer. For every path: the folder ends with a backslash.
#include "boot/platform/program.hpp"

#include "boot/platform/firmware.hpp"
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

/// The device path node that says where the program's file is.
std::vector<uint8_t> as_file_path(uint8_t form, const std::vector<uint8_t>& path) {
  const auto bytes = uint16_t(sizeof(uefi::DevicePathProtocol) + rt::min<size_t>(path.size(), 60000));
  std::vector<uint8_t> node = {form < 192 ? uefi::kDevicePathMedia : form, uefi::kDevicePathMediaFilePath,
                               uint8_t(bytes), uint8_t(bytes >> 8)};
  node.insert(node.end(), path.begin(), path.begin() + (bytes - 4));
  return node;
}

/// A copy whose first byte is `offset` behind an aligned address.
test::Exact<uint8_t> placed(const std::vector<uint8_t>& bytes, uint64_t offset) {
  test::Exact<uint8_t> copy(bytes.size(), offset);
  if (!bytes.empty()) std::memcpy(copy.data(), bytes.data(), bytes.size());
  return copy;
}

constinit uefi::LoadedImage g_loaded{};

/// HandleProtocol() of a firmware that has nothing but the program's LoadedImage.
uefi::Status find_loaded_image(uefi::Handle, const uefi::Guid*, void** found) {
  *found = &g_loaded;
  return uefi::Status::success;
}

/// Lets the program find itself started with these options, from this path.
void hand_over(const test::Exact<uint8_t>& options, const test::Exact<uint8_t>& path) {
  static constinit uefi::BootServices services{};
  services.handle_protocol = find_loaded_image;
  platform::g_services = &services;
  platform::g_image = reinterpret_cast<uefi::Handle>(&g_loaded);
  g_loaded.load_options = options.data();
  g_loaded.load_options_size = uint32_t(options.size());
  g_loaded.file_path = reinterpret_cast<uefi::DevicePathProtocol*>(path.data());
}

void check_folder(uint64_t room) {
  const test::Exact<char> buffer(room);
  const std::string folder = fuzz::string(platform::program_folder(buffer.span()));
  must(folder.ends_with('\\'), "a folder ends with a backslash");
  must(folder.size() < rt::max<uint64_t>(room, 2), "a folder fits its buffer");
  must(fuzz::valid_utf8(folder), "a folder is UTF-8");
}

/// A shell's text that nobody could take for anything else comes out as it went in.
void check_text(const std::string& given, const std::string& line, bool unreadable, uint64_t room) {
  const std::string text = given.substr(0, given.find('\0'));
  for (const char c : text)
    if (uint8_t(c) < 0x20 && c != '\t' && c != '\r' && c != '\n') return;
  if (!fuzz::valid_utf8(text) || text.find("\xef\xbf") != std::string::npos) return;  // U+FFFD, or a device path's end
  must(!unreadable, "text is readable");
  must(text.starts_with(line), "text comes out as it is");
  must(line.size() == text.size() || line.size() + 4 >= room, "no more is cut off than has to be");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fuzz::Input input(data, size);
  const uint8_t form = input.byte(), room = input.byte(), passed_over_room = input.byte();
  const uint64_t room_bytes = room ? room * 4u : 16 * 1024;
  const std::string given = input.rest_text();
  const bool is_text = !(form & 1);
  std::vector<uint8_t> bytes = is_text ? as_shell(given) : std::vector<uint8_t>(given.begin(), given.end());
  const auto path = placed(as_file_path(form, bytes), form >> 2 & 3);
  if (form & 2) bytes = as_load_option(bytes);
  const auto load_options = placed(bytes, form >> 2 & 3);
  hand_over(load_options, path);

  check_folder(room_bytes);
  const test::Exact<char> buffer(room_bytes);
  bool unreadable = true;
  const rt::Span<char> line = platform::command_line(buffer.span(), unreadable);
  must(line.data == buffer.data() && line.count < buffer.size(), "a command line lies in its buffer");
  must(!unreadable || line.empty(), "what is unreadable is empty");
  const std::string text(line.data, line.count);
  must(fuzz::valid_utf8(text), "a command line is UTF-8");
  for (const char c : text) must(uint8_t(c) >= 0x20 || c == '\t' || c == '\r' || c == '\n', "a command line is text");
  if (is_text) check_text(given, text, unreadable, room_bytes);

  const test::Exact<char> passed_over_buffer(passed_over_room);
  rt::Text passed_over;
  static boot::Options options;
  boot::all_options(options).reset();
  const test::Exact<char> line_memory = fuzz::exact(text);
  const auto done = boot::read_command_line(options, line_memory.span(), passed_over, passed_over_buffer.span());
  if (!done) {
    fuzz::must_be_a_sentence(done.error(), text);
    must(rt::Text(done.error().text).starts_with("command line, word "), "an error names its word");
  }
  fuzz::must_be_in_range(options);
  must(fuzz::within(passed_over, passed_over_buffer.data(), passed_over_buffer.size()), "what is passed over fits");
  return 0;
}
