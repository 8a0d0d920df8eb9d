#include "boot/start_options.hpp"

#include "boot/option_sources.hpp"
#include "boot/platform/medium.hpp"
#include "boot/platform/pages.hpp"
#include "boot/platform/program.hpp"
#include "boot/text_file.hpp"
#include "rt/parse.hpp"

namespace boot {
namespace {

constexpr uint64_t kConfigBytes = 64 * 1024;  // the longest llama.cfg
constexpr uint64_t kLineBytes = 16 * 1024;    // the longest command line

/// llama.cfg beside the program, else in the root of its volume; no file is no error.
rt::Result<void> read_config_file(Options& options, rt::Arena& arena, const Terminal& terminal) {
  const platform::Patience patience{terminal.clock, terminal.keyboard};
  for (const platform::Medium* medium : platform::media()) {
    char folder[320], path[400];
    const rt::Text places[] = {medium->home({folder, sizeof folder}), "\\"};
    if (places[0].empty()) continue;  // the program came from elsewhere
    for (const rt::Text& in : places) {
      if (&in != places && !medium->has_root) break;
      const rt::Text name = rt::print_to({path, sizeof path}, "%pTllama.cfg", &in);
      platform::Place place{medium, platform::boot_device()};
      rt::Result<platform::Input> file = platform::open_input(name, place, patience);
      if (!file && file.error().code == rt::Errc::not_found) continue;
      if (!file) return file.error();
      rt::Result<rt::Text> text = read_text(file->readable(), kConfigBytes, arena);
      if (!text) return text.error();
      read_config(options, name, *text, terminal.console);
      return {};
    }
  }
  return {};
}

rt::Result<void> read_boot_arguments(Options& options, rt::Span<char> buffer, rt::Sink& notes) {
  bool unreadable = false;
  const rt::Span<char> line = platform::command_line(buffer, unreadable);
  if (unreadable) notes.write("note: the boot options that firmware handed over are no text; passed over\n");
  char foreign[160];
  rt::Text passed_over;
  rt::Result<void> done = read_command_line(options, line, passed_over, {foreign, sizeof foreign});
  if (!passed_over.empty()) rt::print(notes, "note: passed over in the boot options: %pT\n", &passed_over);
  return done;
}

}  // namespace

rt::Result<void> read_start_options(Options& options, const Terminal& terminal) {
  platform::Console& console = terminal.console;
  platform::Pages pages;
  if (rt::Result<void> room = pages.allocate(kConfigBytes + kConfigBytes / 2 * 3 + kLineBytes + 4096,
                                             platform::MemoryUse::buffer, "the options");
      !room)
    return room;
  rt::Arena arena(pages.memory());
  if (rt::Result<void> done = read_config_file(options, arena, terminal); !done)
    rt::print(console, "note: %s; going on without it\n", done.error().text);
  rt::Result<rt::Span<char>> line = arena.make_raw<char>(kLineBytes);
  if (!line) return line.error();
  rt::Result<void> done = read_boot_arguments(options, *line, console);
  console.use_colors(options.color);
  console.use_utf8(options.utf8);
  return done ? read_prompt_file(options) : done;
}

rt::Result<void> read_prompt_file(Options& options) {
  if (options.prompt_file.empty()) return {};
  platform::Pages pages;
  if (rt::Result<void> room = pages.allocate(kPromptBytes * 3, platform::MemoryUse::buffer, "the prompt"); !room)
    return room;
  rt::Arena arena(pages.memory());
  rt::Result<rt::Text> text = read_text(options.prompt_file, kPromptBytes, arena);
  if (!text) return text.error();
  const OptionSet set = all_options(options);
  return set.set(*set.find("prompt"), rt::trim(*text));
}

}  // namespace boot
