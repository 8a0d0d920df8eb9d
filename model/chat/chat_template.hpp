#pragma once
#include "model/chat/turn.hpp"
#include "model/tokenizers/text_part.hpp"
#include "rt/arena.hpp"

namespace model {

/// How a family of models was taught to read conversations: the texts around what is said, by role.
struct ChatFamily {
  const char* name;
  const char* before[3];
  const char* after[3];
  const char* answer;   // what the model goes on from
  const char* joint;    // what joins a turn to the one before it, at the front of `before`: the first turn goes without
  bool trims;           // texts lose the white space at both ends
  bool system_in_user;  // the first user turn goes on where the system turn ends
};

/// A model's template, as far as it is known.
struct ChatTemplate {
  const ChatFamily* family = nullptr;  // nullptr: not known
  rt::Text default_system;  // the system turn of a conversation that has none; empty: none
  rt::Text system_prefix;   // what every system turn begins with, and every conversation then has one; empty: nothing

  explicit operator bool() const { return family; }
};

/// The template that a file's tokenizer.chat_template amounts to. That is a program, in Jinja; it is not run, but
/// recognised by the special tokens in it. Texts stay in `jinja`.
ChatTemplate recognise_template(rt::Text jinja);
/// The template of the family called `name` (chatml, zephyr, llama2, llama3), with the defaults that `jinja` has.
ChatTemplate template_named(const rt::Text& name, rt::Text jinja);

/// The template that the user wants: "" the one of the model's file, "none", or a family's name. Fails for other names.
rt::Result<ChatTemplate> choose_template(rt::Text name, rt::Text jinja);

/// What follows the turns that are rendered.
enum class Next : uint8_t { nothing, question, answer };

/// The turns from number `from` on as the model reads them, in memory from `arena`, and the beginning of
/// what comes `next`. The default system turn comes first where turn 0 is none. Where `from` is not 0, what comes
/// before was read up to the end token of an answer, and what follows that is here.
rt::Result<rt::Span<TextPart>> render(const ChatTemplate& chat, rt::Span<const Turn> turns, uint64_t from, Next next,
                                      rt::Arena& arena);

}  // namespace model
