#pragma once
#include "boot/chat.hpp"
#include "boot/current_model.hpp"
#include "boot/line_editor.hpp"
#include "boot/output.hpp"
#include "boot/pager.hpp"
#include "boot/platform/saving.hpp"
#include "boot/serving.hpp"
#include "boot/story.hpp"

namespace boot {

/// What the program keeps between stories and answers, and from one model to the next. Large: it lives in pages, not on
/// the stack.
struct Conversation {
  Conversation(Options& of, const Terminal& at);
  Conversation(const Conversation&) = delete;

  /// Loads the model that the options say, in place of the one that is there: current_model.hpp.
  rt::Result<void> change_model();
  /// The model that tells; an error where there is none.
  rt::Result<Engine*> engine();
  /// Answers the questions in options.prompt, or tells a story for each, one after the other.
  rt::Result<void> run_script(uint64_t started);
  /// A story with this seed; the options stay as they are.
  rt::Result<void> tell(rt::Text prompt, uint64_t seed, uint64_t started);
  /// The seed that comes next.
  uint64_t take_seed();
  /// What halts long texts; null where none is to be halted.
  Pager* pager();
  /// Writes `text` to the file `path`, where that is empty to NAME-SEED.txt.
  rt::Result<void> save(rt::Text path, const char* name, uint64_t seed, rt::Text text, platform::Replace replace);
  /// What the user may type next.
  void print_advice();
  /// Forgets the story that could be gone on with.
  void forget_story();

  Options& options;
  const Terminal& terminal;
  CurrentModel model;
  model::Session* session = nullptr;  // of the last story with it
  LineEditor editor;
  char lines[kPromptBytes];  // several, typed as one input
  Record record;  // of the last story
  rt::Text prompt;  // of the last story
  Output output;
  Chat chat;
  Serving serving{*this};
  bool asks = false;  // options.prompt has what was not asked yet
  bool over = false;  // options.on_finish is what comes next

 private:
  void show_question(rt::Text question);

  Pager pager_;
};

/// Does what a line that began with / says, without the /.
rt::Result<void> obey(Conversation& conversation, rt::Text line);

/// Offers the commands at the beginning of a line, and behind one what it takes.
void complete_command(rt::Text line, Candidates& candidates);

}  // namespace boot
