// efi_main: options -> model -> conversation -> exit.
#include "boot/conversation.hpp"
#include "boot/head.hpp"
#include "boot/platform/firmware.hpp"
#include "boot/platform/medium.hpp"
#include "boot/platform/power.hpp"
#include "boot/platform/program.hpp"
#include "boot/platform/screen.hpp"
#include "boot/start_options.hpp"

namespace boot {
namespace {

/// Everything between the head and the end. `next`: what comes after that, as far as the options could be read.
rt::Result<void> run(const Terminal& terminal, uint64_t started, OnFinish& next) {
  rt::Result<platform::Pages> pages =
      platform::Pages::allocate(sizeof(Options), platform::MemoryUse::buffer, "the options");
  if (!pages) return pages.error();
  Options& options = *new (rt::Placement{pages->memory().data}) Options;
  rt::Result<void> done = read_start_options(options, terminal);
  if (options.help) print_help(terminal.console, "llama.efi [MODEL] [options]      the same names work in llama.cfg",
                               all_options(options));
  else if (done && !options.version) done = converse(options, terminal, started);  // the head has the version
  next = options.on_finish;
  platform::leave_media();
  return done;
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
void wait_for_reader(platform::Console& console, platform::Keyboard& keyboard) {
  if (!keyboard.present()) return;
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
  platform::begin(image, system);
  if (const uefi::LoadedImage* loaded = platform::loaded_image())
    platform::count_memory(platform::MemoryUse::image, static_cast<int64_t>(loaded->image_size));

  platform::Console console(system->con_out);
  platform::Keyboard keyboard(*system);
  platform::Clock clock = platform::Clock::start();
  // Firmware may have left its logo behind.
  if (!console.choose_mode() && platform::has_screen()) console.clear();
  print_title(console);

  OnFinish next = OnFinish::prompt;
  const rt::Result<void> done = run({console, keyboard, clock}, started, next);
  if (!done) {
    print_error(console, done.error());
    if (next == OnFinish::prompt) wait_for_reader(console, keyboard);
  } else {
    finish(next, console);
  }
  return done ? uefi::Status::success : status_of(done.error());
}
