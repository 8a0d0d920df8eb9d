#pragma once
#include "boot/growing_text.hpp"
#include "boot/line_editor.hpp"
#include "boot/telling.hpp"
#include "model/chat/conversation.hpp"

namespace boot {

struct Conversation;

/// The conversation with a model whose file says how to chat with it. While nobody is answered, what the model will
/// read whatever is asked next is read: that is what is done between the keys of a line.
class Chat final : public Idle, public Taker {
 public:
  explicit Chat(Conversation& of) : c_(of) {}

  /// Is what the user types a question?
  bool on() const { return template_ && on_; }
  void switch_on(bool on) { on_ = on; }
  /// An error where the model cannot chat.
  rt::Result<void> require() const;

  /// Before and after another model takes the place of this one: the conversation goes on with it.
  void leave_model();
  void take_model();
  /// How the model is talked to, in a line.
  void print_head() const;
  /// The options that a conversation depends on have changed. Where they cannot be followed, they must be put back.
  rt::Result<void> follow_options();

  /// Answers `question`. `started`: the tick from which the seconds to the first token count. Where it cannot be
  /// answered, the conversation is as it was.
  rt::Result<void> ask(rt::Text question, uint64_t seed, uint64_t started);
  /// Answers the last question again, or at last.
  rt::Result<void> answer_again(uint64_t seed);
  /// Goes on with an answer that was cut.
  rt::Result<void> go_on();
  void clear();
  /// The seed of the last answer.
  uint64_t seed() const { return seed_; }

  const model::ChatTemplate& chat_template() const { return template_; }
  rt::Span<const model::Turn> turns() const { return talk_.turns(); }
  /// What the system says.
  rt::Text system() const;
  /// How many tokens of the context the conversation takes.
  uint32_t tokens();
  /// Takes over the conversation in `text`, read from `file`. Where that fails, the old one goes on.
  rt::Result<void> read(rt::Text file, rt::Text text);
  /// Something else was done with the model's cache.
  void lost();
  /// What will be in front of the next question is another text now.
  void changed() { reading_ = Reading::not_begun; }

  bool step() override;
  bool take(model::Token token, rt::Text text) override { return talk_.take(token, text); }

 private:
  enum class Reading : uint8_t { not_begun, begun, done };

  rt::Result<void> answer(uint64_t seed, uint64_t started);
  rt::Result<void> tell(uint64_t started);
  void close();
  bool begin_reading();
  rt::Result<void> remember();
  rt::Result<void> restore(const rt::Text& file, rt::Text text);

  Conversation& c_;
  model::ChatTemplate template_;
  model::Conversation talk_;  // in the engine's memory, where there is a template
  bool made_ = false;
  GrowingText kept_{"the conversation"};  // a transcript of what it was
  bool on_ = true;
  bool cut_ = false;  // the last turn is an answer that could be longer: it is not closed, and the session holds it
  Reading reading_ = Reading::not_begun;
  uint32_t at_once_ = 1;  // tokens that are read before a key is looked for
  uint64_t seed_ = 0;
};

}  // namespace boot
