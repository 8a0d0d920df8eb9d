// The program, which efi_main runs: options -> model -> conversation -> exit.
#include "boot/conversation.hpp"
#include "boot/head.hpp"
#include "boot/platform/entry.hpp"
#include "boot/platform/medium.hpp"
#include "boot/platform/pages.hpp"
#include "boot/platform/power.hpp"
#include "boot/platform/screen.hpp"
#include "boot/start_options.hpp"

namespace boot {
namespace {

/// Everything between the head and the end. `next`: what comes after that, as far as the options could be read.
rt::Result<void> run(const Terminal& terminal, uint64_t started, OnFinish& next) {
  platform::Pages pages;
  if (rt::Result<void> room = pages.allocate(sizeof(Options), platform::MemoryUse::buffer, "the options"); !room)
    return room;
  Options& options = *new (rt::Placement{pages.memory().data}) Options;
  rt::Result<void> done = read_start_options(options, terminal);
  if (options.help) print_help(terminal.console, "llama.efi [MODEL] [options]      the same names work in llama.cfg",
                               all_options(options));
  else if (done && !options.version) done = converse(options, terminal, started);  // the head has the version
  next = options.on_finish;
  platform::leave_media();
  return done;
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

rt::Result<void> platform::run_program(Console& console, Keyboard& keyboard, Clock& clock, uint64_t started) {
  using namespace boot;
  // Firmware may have left its logo behind.
  if (!console.choose_mode() && has_screen()) console.clear();
  print_title(console);

  OnFinish next = OnFinish::prompt;
  const rt::Result<void> done = run({console, keyboard, clock}, started, next);
  if (!done) {
    print_error(console, done.error());
    if (next == OnFinish::prompt) wait_for_reader(console, keyboard);
  } else {
    finish(next, console);
  }
  return done;
}
