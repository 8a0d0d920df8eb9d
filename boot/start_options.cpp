#include "boot/start_options.hpp"

#include "boot/platform/entropy.hpp"
#include "boot/platform/program.hpp"
#include "boot/platform/volumes.hpp"
#include "rt/parse.hpp"

namespace boot {
namespace {

constexpr uint64_t kConfigBytes = 64 * 1024;  // the longest llama.cfg
constexpr uint64_t kPromptBytes = 16 * 1024;  // the longest prompt_file
constexpr uint64_t kLineBytes = 16 * 1024;    // the longest command line
static_assert(kStartOptionsBytes >= kConfigBytes + kPromptBytes + kLineBytes + 4096);

/// llama.cfg beside the program, else in the root of its volume; no file is no error.
rt::Result<void> read_config_file(Options& options, rt::Arena& arena) {
  rt::Result<platform::Volume> volume = platform::Volume::open(platform::boot_device());
  if (!volume) return {};  // started from a network or from memory
  char folder[256], path[300];
  const rt::Text places[] = {platform::program_folder({folder, sizeof folder}), "\\"};
  for (rt::Text place : places) {
    const rt::Text name =
        rt::print_to({path, sizeof path}, "%pTllama.cfg", &place);
    rt::Result<platform::File> file = volume->open_file(name);
    if (!file && file.error().code == rt::Errc::not_found) continue;
    if (!file) return file.error();
    rt::Result<rt::Span<uint8_t>> bytes = file->read_all(arena, kConfigBytes);
    if (!bytes) return bytes.error();
    return read_config(options, name, {reinterpret_cast<const char*>(bytes->data), bytes->count});
  }
  return {};
}

rt::Result<void> read_boot_arguments(Options& options, rt::Arena& arena, platform::Console& console) {
  rt::Result<rt::Span<char>> buffer = arena.make_raw<char>(kLineBytes);
  if (!buffer) return buffer.error();
  bool unreadable = false;
  const rt::Span<char> line = platform::command_line(*buffer, unreadable);
  if (unreadable)
    console.write("note: the boot options that firmware handed over are no text; passed over\n");
  char foreign[160];
  rt::Text passed_over;
  rt::Result<void> done =
      read_command_line(options, line, passed_over, {foreign, sizeof foreign});
  if (!passed_over.empty())
    rt::print(console, "note: passed over in the boot options: %pT\n", &passed_over);
  return done;
}

/// The prompt of options.prompt_file, which then is options.prompt.
rt::Result<void> read_prompt_file(Options& options, rt::Arena& arena) {
  if (options.prompt_file.empty()) return {};
  uefi::Handle devices[16];
  rt::Result<platform::File> file = platform::open_on_any({devices, platform::find_volumes({devices, 16})}, options.prompt_file);
  if (!file) return file.error();
  rt::Result<rt::Span<uint8_t>> bytes = file->read_all(arena, kPromptBytes);
  if (!bytes) return bytes.error();
  options.prompt = rt::trim({reinterpret_cast<const char*>(bytes->data), bytes->count});
  return {};
}

}  // namespace

rt::Result<void> read_start_options(Options& options, rt::Arena& arena, platform::Console& console) {
  if (rt::Result<void> done = read_config_file(options, arena); !done) return done;
  if (rt::Result<void> done = read_boot_arguments(options, arena, console); !done) return done;
  if (rt::Result<void> done = read_prompt_file(options, arena); !done) return done;
  if (options.seed == 0) options.seed = platform::entropy() % 1'000'000'000 + 1;  // short enough to type
  console.use_colors(options.color);
  return {};
}

}  // namespace boot
