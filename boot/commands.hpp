#pragma once
#include "boot/line_editor.hpp"
#include "boot/story.hpp"

namespace boot {

/// What a conversation keeps between stories, and from one model to the next. Large: it lives in pages, not on the stack.
struct Conversation {
  /// What comes after the line that was typed.
  enum class Next : uint8_t { line, other_model, exit, poweroff, reboot };

  Conversation(Options& of, const Terminal& at);

  Options& options;
  const Terminal& terminal;
  Engine* engine = nullptr;  // the model that is loaded now
  LineEditor editor;
  Record record;  // of the last story
  Next next = Next::line;

  // Texts of options that were set here.
  char prompt[LineEditor::kLongest], model[256], tokenizer[256], kernel[32];
};

/// Copies the text of an option to where it can stay; `value` is then that copy.
rt::Result<void> keep_text(Conversation& conversation, rt::Text name, rt::Text& value);

/// Does what a line that began with / says, without the /.
rt::Result<void> obey(Conversation& conversation, rt::Text line);

/// The rest of a line with a command that only one begins with.
rt::Text complete_command(rt::Text line);

/// Lists the models in \models on every volume, with size and shape.
void list_models(const Terminal& terminal);

}  // namespace boot
