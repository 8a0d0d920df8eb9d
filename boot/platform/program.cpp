#include "boot/platform/program.hpp"

#include "boot/platform/firmware.hpp"
#include "rt/memory.hpp"
#include "rt/utf.hpp"

namespace platform {
namespace {

/// Where the optional data of an EFI_LOAD_OPTION begins, or 0 where the bytes are none: attributes
/// (4 bytes), length of the device path (2), a terminated UTF-16 description, the device path,
/// which ends with an end node.
uint64_t optional_data(rt::Span<const uint8_t> bytes) {
  constexpr uint64_t kHead = 6, kEndNode = 4;
  if (bytes.count < kHead + 2 + kEndNode) return 0;
  const uint64_t path_bytes = rt::load<uint16_t>(bytes.data + 4);
  uint64_t at = kHead;
  while (at + 2 <= bytes.count && rt::load<uint16_t>(bytes.data + at) != 0) at += 2;
  at += 2;
  if (path_bytes < kEndNode || at + path_bytes > bytes.count) return 0;
  const uint8_t* end = bytes.data + at + path_bytes - kEndNode;
  if (end[0] != uefi::kDevicePathEnd || end[1] != uefi::kDevicePathEndEntire) return 0;
  if (end[2] != kEndNode || end[3] != 0) return 0;
  return at + path_bytes;
}

bool is_readable(rt::Text text) {
  for (uint64_t i = 0; i < text.size; ++i) {
    const uint8_t c = uint8_t(text[i]);
    if (c < 0x20 && c != '\t' && c != '\r' && c != '\n') return false;
    if (text.from(i).starts_with("\xef\xbf\xbd")) return false;  // was no UTF-16
  }
  return true;
}

}  // namespace

uefi::LoadedImage* loaded_image() { return handle_protocol<uefi::LoadedImage>(g_image); }

rt::Span<const uint8_t> program_code() {
  // Microsoft's PE format: an offset to the signature, a file header, an optional one, headers of sections.
  constexpr uint64_t kOffset = 0x3c, kSections = 6, kOptionalBytes = 20, kHeaders = 24, kHeader = 40;
  constexpr uint32_t kExecutable = 0x20000000;
  const uefi::LoadedImage* image = loaded_image();
  if (!image || !image->image_base) return {};
  const rt::Span<const uint8_t> all{static_cast<const uint8_t*>(image->image_base), image->image_size};
  if (all.count < 4096) return {};
  const uint64_t at = rt::load<uint32_t>(all.data + kOffset);
  if (at > 2048 || rt::load<uint32_t>(all.data + at) != 0x4550) return {};
  const uint64_t optional = rt::load<uint16_t>(all.data + at + kOptionalBytes);
  const uint8_t* header = all.data + at + kHeaders + optional;
  for (uint32_t i = rt::load<uint16_t>(all.data + at + kSections); i; --i, header += kHeader) {
    if (header + kHeader > all.end()) return {};
    const uint64_t bytes = rt::load<uint32_t>(header + 8), from = rt::load<uint32_t>(header + 12);
    if (!(rt::load<uint32_t>(header + 36) & kExecutable)) continue;
    return from + bytes <= all.count ? all.part(from, bytes) : rt::Span<const uint8_t>();
  }
  return {};
}

rt::Text program_folder(rt::Span<char> buffer) {
  uefi::LoadedImage* image = loaded_image();
  rt::Text path;
  if (image && image->file_path) {
    const uefi::DevicePathProtocol& node = *image->file_path;
    constexpr uint64_t kHead = sizeof node;
    if (node.type == uefi::kDevicePathMedia && node.sub_type == uefi::kDevicePathMediaFilePath &&
        node.length() > kHead)
      path = rt::utf16_to_utf8({reinterpret_cast<const char16_t*>(&node + 1),
                                (node.length() - kHead) / sizeof(char16_t)},
                               buffer);
  }
  while (!path.empty() && path[path.size - 1] != '\\') path = path.part(0, path.size - 1);
  return path.empty() ? rt::Text("\\") : path;
}

rt::Span<char> decode_load_options(rt::Span<const uint8_t> options, rt::Span<char> buffer,
                                   bool& unreadable) {
  unreadable = false;
  if (const uint64_t skip = optional_data(options)) options = options.from(skip);
  const rt::Text text = rt::utf16_to_utf8(
      {reinterpret_cast<const char16_t*>(options.data), options.count / sizeof(char16_t)}, buffer);
  if (is_readable(text)) return {buffer.data, text.size};
  unreadable = true;
  return {buffer.data, 0};
}

rt::Span<char> command_line(rt::Span<char> buffer, bool& unreadable) {
  uefi::LoadedImage* image = loaded_image();
  unreadable = !image;
  if (!image || !image->load_options) return {buffer.data, 0};
  return decode_load_options(
      {static_cast<const uint8_t*>(image->load_options), image->load_options_size}, buffer,
      unreadable);
}

}  // namespace platform
