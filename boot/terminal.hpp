#pragma once
#include "boot/platform/clock.hpp"
#include "boot/platform/console.hpp"
#include "boot/platform/keyboard.hpp"
#include "rt/result.hpp"

namespace boot {

/// What the program talks to the user with.
struct Terminal {
  platform::Console& console;
  platform::Keyboard& keyboard;
  platform::Clock& clock;
};

/// One line, in red: "error: " and what is wrong.
void print_error(platform::Console& console, const rt::Error& error);

}  // namespace boot
