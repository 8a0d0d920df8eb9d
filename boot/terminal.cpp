#include "boot/terminal.hpp"

namespace boot {

void print_error(platform::Console& console, const rt::Error& error) {
  const platform::Console::Attribute before = console.attribute();
  console.set_color(platform::Color::light_red);
  rt::print(console, "error: %s\n", error.text);
  console.set_attribute(before);
}

}  // namespace boot
