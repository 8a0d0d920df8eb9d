#include "model/chat/chat_template.hpp"

#include "rt/parse.hpp"

namespace model {
namespace {

// A turn ends with its end token, and the line break that templates write behind it belongs to the next turn: so the
// model has read all of a turn once it has written the end token itself.
constexpr ChatFamily kFamilies[] = {
    {.name = "chatml",
     .before = {"\n<|im_start|>system\n", "\n<|im_start|>user\n", "\n<|im_start|>assistant\n"},
     .after = {"<|im_end|>", "<|im_end|>", "<|im_end|>"},
     .answer = "\n<|im_start|>assistant\n",
     .joint = "\n",
     .trims = false,
     .system_in_user = false},
    {.name = "zephyr",
     .before = {"\n<|system|>\n", "\n<|user|>\n", "\n<|assistant|>\n"},
     .after = {"</s>", "</s>", "</s>"},
     .answer = "\n<|assistant|>\n",
     .joint = "\n",
     .trims = false,
     .system_in_user = false},
    {.name = "llama2",
     .before = {"<s>[INST] <<SYS>>\n", "<s>[INST] ", " "},
     .after = {"\n<</SYS>>\n\n", " [/INST]", " </s>"},
     .answer = "",
     .joint = "<s>",
     .trims = true,
     .system_in_user = true},
    {.name = "llama3",
     .before = {"<|start_header_id|>system<|end_header_id|>\n\n", "<|start_header_id|>user<|end_header_id|>\n\n",
                "<|start_header_id|>assistant<|end_header_id|>\n\n"},
     .after = {"<|eot_id|>", "<|eot_id|>", "<|eot_id|>"},
     .answer = "<|start_header_id|>assistant<|end_header_id|>\n\n",
     .joint = "",
     .trims = true,
     .system_in_user = false},
};

/// Where `part` begins in `text` from `at` on; past the end where it does not occur.
uint64_t find(const rt::Text& text, const char* part, uint64_t at = 0) {
  const rt::Text wanted = part;
  while (at < text.size && !text.from(at).starts_with(wanted)) ++at;
  return at;
}

bool has(const rt::Text& text, const char* part) { return find(text, part) < text.size; }

/// What the template of a family has in it, and what it has not. The first row that fits tells.
constexpr struct {
  const char* family;
  const char* with[3];
  const char* without;
} kMarks[] = {
    {"chatml", {"<|im_start|>"}, nullptr},
    {"llama2", {"[INST]", "<<SYS>>"}, nullptr},  // Mistral's have nothing for the system
    {"llama3", {"<|start_header_id|>", "<|end_header_id|>"}, nullptr},
    {"zephyr", {"<|user|>", "<|assistant|>", "eos_token"}, "<|end|>"},  // Phi-3 has an end token of its own
    {"zephyr", {"<|user|>", "<|assistant|>", "</s>"}, "<|end|>"},
};

const char* family_of(const rt::Text& jinja) {
  for (const auto& row : kMarks) {
    bool fits = !row.without || !has(jinja, row.without);
    for (const char* part : row.with) fits = fits && (!part || has(jinja, part));
    if (fits) return row.family;
  }
  return "";
}

/// The text that a chatml template has for the system where nobody gives one: what stands between
/// <|im_start|>system and <|im_end|> in one piece, without quotes or braces, which would be program.
rt::Text chatml_system(const rt::Text& jinja) {
  for (uint64_t at = 0; (at = find(jinja, "<|im_start|>system", at)) < jinja.size;) {
    at += rt::Text("<|im_start|>system").size;
    // The line break is one, or is written as one is in a program.
    const uint64_t first = at + (jinja.from(at).starts_with("\\n") ? 2 : 1), end = find(jinja, "<|im_end|>", first);
    bool plain = end < jinja.size && (jinja[at] == '\n' || first == at + 2);
    for (uint64_t i = first; i < end && plain; ++i) {
      const char c = jinja[i];
      plain = c != '\'' && c != '"' && c != '{' && c != '}' && c != '\\';
    }
    if (plain) return jinja.part(first, end - first);
  }
  return {};
}

}  // namespace

ChatTemplate template_named(const rt::Text& name, rt::Text jinja) {
  ChatTemplate chat;
  for (const ChatFamily& family : kFamilies)
    if (name == family.name) chat.family = &family;
  if (!chat) return chat;
  if (chat.family == &kFamilies[0]) chat.default_system = chatml_system(jinja);
  // Llama 3.1 and later were taught to read this in front of everything; with no clock their template says this date.
  if (chat.family == &kFamilies[3] && has(jinja, "Cutting Knowledge Date"))
    chat.system_prefix = "Cutting Knowledge Date: December 2023\nToday Date: 26 Jul 2024\n\n";
  return chat;
}

ChatTemplate recognise_template(rt::Text jinja) { return template_named(family_of(jinja), jinja); }

rt::Result<ChatTemplate> choose_template(rt::Text name, rt::Text jinja) {
  if (name.empty()) return recognise_template(jinja);
  if (name == "none") return ChatTemplate{};
  const ChatTemplate chat = template_named(name, jinja);
  if (!chat)
    return rt::fail(rt::Errc::usage, 0, "there is no template '%pT'; there are chatml, zephyr, llama2, llama3 and none",
                    &name);
  return chat;
}

rt::Result<rt::Span<TextPart>> render(const ChatTemplate& chat, rt::Span<const Turn> turns, uint64_t from, Next next,
                                      rt::Arena& arena) {
  constexpr uint64_t kPerTurn = 4;
  rt::Result<rt::Span<TextPart>> parts = arena.make_raw<TextPart>((turns.count - from + 1) * kPerTurn + 1);
  if (!parts) return parts;
  const ChatFamily& family = *chat.family;
  TextPart* to = parts->data;
  bool first = from == 0, after_system = false;
  const auto trusted = [&](rt::Text text) { *to++ = {text, true}; };
  const auto begin = [&](rt::Text text) {
    const rt::Text joint = family.joint;
    trusted(first && text.starts_with(joint) ? text.from(joint.size) : text);
  };
  const auto say = [&](Role role, rt::Text text) {
    if (!(family.system_in_user && after_system && role == Role::user)) begin(family.before[int(role)]);
    if (role == Role::system) trusted(chat.system_prefix);
    *to++ = {family.trims ? rt::trim(text) : text, false};
    trusted(family.after[int(role)]);
    first = false;
    after_system = role == Role::system;
  };
  if (from == 0 && (turns.empty() || turns[0].role != Role::system) &&
      (!chat.default_system.empty() || !chat.system_prefix.empty()))
    say(Role::system, chat.default_system);
  if (from) after_system = turns[from - 1].role == Role::system;
  for (const Turn& turn : turns.from(from)) say(turn.role, turn.text);
  if (next == Next::answer) begin(family.answer);
  if (next == Next::question && !(family.system_in_user && after_system)) begin(family.before[int(Role::user)]);
  return parts->part(0, uint64_t(to - parts->data));
}

}  // namespace model
