#pragma once
#include "boot/line_editor.hpp"
#include "boot/story.hpp"

namespace boot {

/// What a conversation keeps between stories, and from one model to the next. Large: it lives in
/// pages, not on the stack.
class Conversation {
 public:
  /// What the user wants when a conversation ends.
  enum class Next : uint8_t { quit, power_off, reboot, other_model };

  Conversation(Options& options, const Terminal& terminal);

  /// Tells a story, then takes prompts and commands until the user has enough, or wants another model:
  /// then options.model names it.
  Next run(Engine& engine, uint64_t started);
  /// Takes the options as they are and tells one story.
  rt::Result<void> tell(Engine& engine, uint64_t started);

 private:
  /// What a command leads to: on with the conversation, or its end.
  struct Outcome {
    bool ends = false;
    Next next = Next::quit;
  };
  struct Command;
  static const Command kCommands[];

  static rt::Text complete(rt::Text line);
  Outcome obey(rt::Text line, Engine& engine);
  rt::Result<void> keep_text(rt::Text name, rt::Text& value);

  void help();
  rt::Result<void> set(rt::Text arguments);
  void stats();
  rt::Result<void> save(rt::Text path);
  void settings();

  static constexpr uint64_t kTextBytes = LineEditor::kLongest * 4;

  Options& options_;
  const Terminal& terminal_;
  LineEditor editor_;
  Record record_;
  // Texts of options that were set here.
  char prompt_[kTextBytes], model_[256], tokenizer_[256], kernel_[32];
};

/// Lists the models in \models on every volume, with size and shape.
void list_models(const Terminal& terminal);

}  // namespace boot
