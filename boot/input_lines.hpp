#pragma once
#include "boot/line_editor.hpp"

namespace boot {

/// What the user typed: a line, or several of them between one that begins with """ and one that ends so, with their
/// line breaks. Nothing in several lines is a command.
struct TypedInput {
  rt::Text text;
  bool several = false;
};

/// Reads what comes next; several lines in `room`. Ctrl-D on an empty line leaves them for a new `prompt`. `idle`: what
/// to do between the keys, or null.
LineEditor::End read_input(LineEditor& editor, platform::Console& console, rt::Text prompt, Idle* idle,
                           rt::Span<char> room, TypedInput& input);

}  // namespace boot
