#pragma once
#include "boot/line_editor.hpp"
#include "boot/platform/pages.hpp"
#include "rt/result.hpp"

namespace boot {

struct Conversation;

/// Answers other machines, between the keys of whoever sits at the console. The model is one for both: who comes second
/// waits.
class Serving final : public Idle {
 public:
  explicit Serving(Conversation& conversation) : conversation_(conversation) {}
  Serving(const Serving&) = delete;
  ~Serving() { close(); }

  /// Begins to listen, and says where. What is wanted in memory is taken here, and no more later.
  rt::Result<void> open(uint16_t port);
  bool is_open() const { return inside_; }
  void close();

  /// Lets packets in and out and goes on with an answer. Esc or Ctrl-C ends that.
  bool step() override;
  /// Brings the answer that is being made to its end: the console wants the model.
  void finish_answer();
  /// The console has another model now, or another template.
  void use_model();

 private:
  struct Inside;

  void round();

  Conversation& conversation_;
  platform::Pages memory_;
  Inside* inside_ = nullptr;
};

}  // namespace boot
