#include "boot/output.hpp"

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
  return platform::save_file(file, all_.text(), platform::Replace::yes);
}

}  // namespace boot
