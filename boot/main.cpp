// efi_main: options -> model -> story -> exit.
#include "boot/chat.hpp"
#include "boot/load.hpp"
#include "boot/options.hpp"
#include "boot/platform/entropy.hpp"
#include "boot/platform/firmware.hpp"
#include "boot/platform/power.hpp"
#include "boot/platform/program.hpp"
#include "boot/platform/screen.hpp"
#include "boot/platform/volumes.hpp"
#include "rt/parse.hpp"

namespace boot {
namespace {

constexpr const char* kVersion = "0.1";
constexpr uint64_t kConfigBytes = 64 * 1024;  // the longest llama.cfg
constexpr uint64_t kPromptBytes = 16 * 1024;  // the longest prompt_file
constexpr uint64_t kLineBytes = 16 * 1024;    // the longest command line

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

void print_head(platform::Console& console) {
  console.set_color(uefi::Color::white);
  rt::print(console, "llama.efi %s\n", kVersion);
  console.reset_color();
  char vendor[128];
  const rt::Text name =
      platform::g_system->firmware_vendor
          ? rt::utf16_to_utf8({platform::g_system->firmware_vendor, 60}, {vendor, sizeof vendor})
          : rt::Text("unknown");
  const uint32_t revision = platform::g_system->header.revision;
  rt::print(console, "firmware  %pT %#x, UEFI %u.%u\n", &name,
            platform::g_system->firmware_revision, revision >> 16, (revision & 0xffff) / 10);
  rt::print(console, "cpu       %s\n", platform::CpuName().text);
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

/// Defaults, llama.cfg, command line; later ones win.
rt::Result<void> read_options(Options& options, rt::Arena& arena, platform::Console& console) {
  if (rt::Result<void> done = read_config_file(options, arena); !done) return done;
  if (rt::Result<void> done = read_boot_arguments(options, arena, console); !done) return done;
  if (rt::Result<void> done = read_prompt_file(options, arena); !done) return done;
  if (options.seed == 0) options.seed = platform::entropy() % 1'000'000'000 + 1;  // short enough to type
  console.use_colors(options.color);
  return {};
}

/// One model after another, until the user has enough; on_finish is then what comes next.
rt::Result<void> converse(Options& options, Conversation& conversation, const Terminal& terminal,
                          uint64_t started) {
  char buffer[256];
  rt::Text loaded;  // the last model that worked, in `buffer`; empty: the default one
  bool worked = false;
  for (;;) {
    Engine engine(static_cast<uint32_t>(options.threads));
    if (rt::Result<void> done = load(engine, options, terminal); !done) {
      if (!worked || options.model == loaded) return done;
      rt::print(terminal.console, "error: %s\n", done.error().text);
      options.model = loaded;
      continue;
    }
    loaded = rt::print_to({buffer, sizeof buffer}, "%pT", &options.model);
    worked = true;
    if (options.on_finish != OnFinish::prompt) return conversation.tell(engine, started);
    switch (conversation.run(engine, started)) {
      case Conversation::Next::quit: options.on_finish = OnFinish::exit; return {};
      case Conversation::Next::power_off: options.on_finish = OnFinish::poweroff; return {};
      case Conversation::Next::reboot: options.on_finish = OnFinish::reboot; return {};
      case Conversation::Next::other_model: started = platform::Clock::ticks();
    }
  }
}

/// Everything between the console's begin and its end.
rt::Result<void> run(Options& options, const Terminal& terminal, uint64_t started) {
  rt::Result<platform::Pages> pages =
      platform::Pages::allocate(kConfigBytes + kLineBytes + kPromptBytes + sizeof(Conversation) + 4096,
                      platform::MemoryUse::buffer, "the conversation");
  if (!pages) return pages.error();
  rt::Arena arena(pages->memory());
  if (rt::Result<void> done = read_options(options, arena, terminal.console); !done) return done;
  if (options.help) {
    print_help(terminal.console);
    return {};
  }
  rt::Result<rt::Span<uint8_t>> place = arena.make_raw<uint8_t>(sizeof(Conversation));
  if (!place) return place.error();
  auto* conversation = new (rt::Placement{place->data}) Conversation(options, terminal);
  return converse(options, *conversation, terminal, started);
}

uefi::Status status_of(const rt::Error& error) {
  using uefi::Status;
  switch (error.code) {
    case rt::Errc::firmware: {
      // What was an error to us must be one to whoever started us: firmware may call it a warning.
      const auto status = static_cast<Status>(error.detail);
      return uefi::is_error(status) ? status : Status::device_error;
    }
    case rt::Errc::not_found: return Status::not_found;
    case rt::Errc::out_of_memory: return Status::out_of_resources;
    case rt::Errc::bad_file: return Status::load_error;
    case rt::Errc::unsupported: return Status::unsupported;
    case rt::Errc::usage: return Status::invalid_parameter;
    case rt::Errc::stopped: return Status::aborted;
  }
  return Status::aborted;
}

/// An error must be read before firmware clears the screen, unless nobody is there to read it.
void wait_for_reader(const Options& options, platform::Console& console, platform::Keyboard& keyboard) {
  if (options.on_finish != OnFinish::prompt || !keyboard.present()) return;
  console.write("press a key to go back to the firmware\n");
  platform::Key key;
  (void)keyboard.wait(key);
}

void finish(OnFinish what, platform::Console& console) {
  if (what == OnFinish::poweroff && !platform::power_off())
    console.write("note: this firmware cannot switch the machine off\n");
  if (what == OnFinish::reboot && !platform::reboot())
    console.write("note: this firmware cannot restart the machine\n");
}

}  // namespace
}  // namespace boot

extern "C" uefi::Status efi_main(uefi::Handle image, uefi::SystemTable* system) {
  using namespace boot;
  const uint64_t started = platform::Clock::ticks();
  platform::set_firmware(image, system);
  // The boot manager resets a machine whose program has not ended after five minutes.
  (void)platform::g_services->set_watchdog_timer(0, 0, 0, nullptr);
  if (const uefi::LoadedImage* loaded = platform::loaded_image())
    platform::count_memory(platform::MemoryUse::image, static_cast<int64_t>(loaded->image_size));

  platform::Console console(system->con_out);
  platform::Keyboard keyboard(*system);
  platform::Clock clock = platform::Clock::start();
  // Firmware may have left its logo behind.
  if (!console.choose_mode() && platform::has_screen()) console.clear();
  print_head(console);

  Options options;
  const rt::Result<void> done = run(options, {console, keyboard, clock}, started);
  if (!done) {
    console.set_color(uefi::Color::light_red);
    rt::print(console, "error: %s\n", done.error().text);
    console.reset_color();
    wait_for_reader(options, console, keyboard);
  } else {
    finish(options.on_finish, console);
  }
  return done ? uefi::Status::success : status_of(done.error());
}
