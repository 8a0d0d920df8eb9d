#include "boot/output.hpp"

#include "boot/platform/firmware.hpp"
#include "boot/platform/saving.hpp"
#include "rt/memory.hpp"
#include "rt/parse.hpp"

namespace boot {

rt::Result<void> Output::make_room(uint64_t bytes) {
  if (bytes_ + bytes <= pages_.memory().count) return {};
  rt::Result<platform::Pages> larger = platform::Pages::allocate(
      2 * (bytes_ + bytes) + 4096, platform::MemoryUse::buffer, "what is written to the output file");
  if (!larger) return larger.error();
  rt::copy_bytes(larger->memory().data, pages_.memory().data, bytes_);
  pages_ = static_cast<platform::Pages&&>(*larger);
  return {};
}

rt::Result<void> Output::add(rt::Text text, rt::Text file) {
  constexpr rt::Text kParted = "---\n";
  if (file.empty()) return {};
  text = rt::trim(text);
  if (rt::Result<void> done = make_room(kParted.size + text.size + 1); !done) return done;
  const auto put = [&](rt::Text part) {
    rt::copy_bytes(pages_.memory().data + bytes_, part.data, part.size);
    bytes_ += part.size;
  };
  if (bytes_) put(kParted);
  put(text);
  put("\n");
  if (!platform::boot_device())
    return rt::fail(rt::Errc::usage, 0, "%pT: there is no volume to write to: the program was not started from one", &file);
  return platform::save_file(platform::boot_device(), file, pages_.memory().part(0, bytes_), platform::Replace::yes);
}

}  // namespace boot
