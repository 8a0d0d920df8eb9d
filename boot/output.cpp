#include "boot/output.hpp"

#include "boot/platform/firmware.hpp"
#include "boot/platform/saving.hpp"
#include "rt/parse.hpp"

namespace boot {

rt::Result<void> Output::add(rt::Text text, rt::Text file) {
  constexpr rt::Text kParted = "---\n";
  if (file.empty()) return {};
  text = rt::trim(text);
  if (rt::Result<void> done = all_.reserve(kParted.size + text.size + 1); !done) return done;
  if (!all_.text().empty()) all_.append(kParted);
  all_.append(text);
  all_.append("\n");
  if (!platform::boot_device())
    return rt::fail(rt::Errc::usage, 0, "%pT: there is no volume to write to: the program was not started from one", &file);
  const rt::Text all = all_.text();
  return platform::save_file(platform::boot_device(), file, {reinterpret_cast<const uint8_t*>(all.data), all.size},
                             platform::Replace::yes);
}

}  // namespace boot
