#include "boot/chat_commands.hpp"

#include "boot/text_file.hpp"
#include "model/chat/transcript.hpp"

namespace boot {
rt::Result<void> clear_chat(Conversation& c, rt::Text) {
  if (rt::Result<void> done = c.chat.require(); !done) return done;
  c.chat.clear();
  return {};
}

rt::Result<void> set_system(Conversation& c, rt::Text text) {
  if (rt::Result<void> done = c.chat.require(); !done) return done;
  if (text.empty()) {
    const rt::Text now = c.chat.system();
    rt::print(c.terminal.console, now.empty() ? "no system prompt\n" : "%pT\n", &now);
    return {};
  }
  const OptionSet set = all_options(c.options);
  if (rt::Result<void> done = set.set(*set.find("system"), text); !done) return done;
  return c.chat.follow_options();
}

rt::Result<void> show_context(Conversation& c, rt::Text) {
  if (rt::Result<void> done = c.chat.require(); !done) return done;
  const uint32_t tokens = c.chat.tokens(), context = c.model.engine()->model.context();
  const uint32_t turns = uint32_t(c.chat.turns().count);
  rt::print(c.terminal.console, "%'u of %'u tokens, %'u left; %u turn%s\n", tokens, context,
            context - rt::min(context, tokens), turns, turns == 1 ? "" : "s");
  return {};
}

rt::Result<void> begin_stories(Conversation& c, rt::Text) {
  c.chat.switch_on(false);
  c.print_advice();
  return {};
}

rt::Result<void> begin_chat(Conversation& c, rt::Text) {
  if (rt::Result<void> done = c.chat.require(); !done) return done;
  c.chat.switch_on(true);
  c.print_advice();
  return {};
}

rt::Result<void> load_chat(Conversation& c, rt::Text path) {
  constexpr uint64_t kMost = 4 << 20;
  if (rt::Result<void> done = c.chat.require(); !done) return done;
  if (path.empty()) return rt::fail(rt::Errc::usage, 0, "/load wants the name of a file that /save wrote");
  platform::PageBlocks pages(platform::MemoryUse::buffer, "the conversation");
  rt::Arena arena(pages);
  rt::Result<rt::Text> text = read_text(path, kMost, arena);
  if (!text) return text.error();
  if (rt::Result<void> done = c.chat.read(path, *text); !done) return done;
  const rt::Span<const model::Turn> turns = c.chat.turns();
  rt::print(c.terminal.console, "%'zu turns in %pT\n", size_t(turns.count), &path);
  if (turns.empty() || turns[turns.count - 1].role != model::Role::user) return {};
  return c.chat.answer_again(c.take_seed());
}

rt::Result<void> save_chat(Conversation& c, rt::Text path, platform::Replace replace) {
  if (c.chat.turns().empty()) return rt::fail(rt::Errc::usage, 0, "there is no conversation to save");
  GrowingText file("the file to be written");
  GrowingSink sink(file);
  model::print_transcript(sink, c.chat.turns());
  if (!sink.done) return sink.done;
  return c.save(path, "chat", c.chat.seed(), file.text(), replace);
}

}  // namespace boot
