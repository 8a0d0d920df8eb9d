#include "boot/head.hpp"

#include "boot/platform/cpu.hpp"
#include "boot/platform/firmware.hpp"
#include "boot/platform/program.hpp"
#include "boot/version.hpp"

namespace boot {
namespace {

/// CRC-32 as zlib, gzip and PNG have it.
uint32_t crc32(rt::Span<const uint8_t> bytes) {
  uint32_t crc = ~0u;
  for (const uint8_t byte : bytes) {
    crc ^= byte;
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
  }
  return ~crc;
}

}  // namespace

void print_title(platform::Console& console) {
  console.set_color(platform::Color::white);
  // The same sources give the same code everywhere, so its checksum says which build this is.
  rt::print(console, "llama.efi %s, build %08x\n", kVersion, crc32(platform::program_code()));
  console.reset_color();
}

void print_machine(platform::Console& console) {
  console.write("firmware  ");
  platform::print_firmware(console);
  rt::print(console, "\ncpu       %s\n", platform::CpuName().text);
}

}  // namespace boot
