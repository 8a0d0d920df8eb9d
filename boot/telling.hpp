#pragma once
#include "boot/engine.hpp"
#include "boot/options.hpp"
#include "boot/pace.hpp"
#include "boot/record.hpp"
#include "boot/story_writer.hpp"
#include "boot/terminal.hpp"

namespace boot {

/// Who else takes what a text consists of.
class Taker {
 public:
  /// The next token and what it stands for. False: the text must end here.
  virtual bool take(model::Token token, rt::Text text) = 0;

 protected:
  ~Taker() = default;
};

/// A text on its way from the model to the console and into the record, token by token, with a status line. Esc or
/// Ctrl-C ends it: record.stopped.
class Telling {
 public:
  /// `gate`: what may halt it, or null.
  Telling(Engine& engine, model::Session& session, const Options& options, Record& record, const Terminal& terminal,
          RowGate* gate);

  /// To the end of the text that `session` has begun.
  void tell(Taker* taker = nullptr);
  /// The beginning of the line of figures, in green: tokens, tokens/s, seconds from `started` to the first. Ends
  /// with the destructor, or reset_color().
  void print_figures(uint32_t tokens, uint64_t started);

 private:
  void take(uint64_t before);
  void show(platform::Color color);
  void show_status();

  Engine& engine_;
  const Options& options_;
  Record& record_;
  const Terminal& terminal_;
  model::Session& session_;
  Pace pace_;
  StatusLine status_;
  StoryWriter writer_;
  uint32_t drawn_ = 0;             // tokens that were not the prompt's
  uint64_t came_ = 0;              // when the first of them came
  uint64_t first_ = 0, last_ = 0;  // when the first and the latest came, had the user never let it wait
  uint64_t flushed_ = 0, status_shown_ = 0;
};

}  // namespace boot
