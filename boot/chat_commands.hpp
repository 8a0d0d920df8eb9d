#pragma once
#include "boot/commands.hpp"

namespace boot {

// Commands about a chat: each takes what is typed behind its name.

rt::Result<void> clear_chat(Conversation& c, rt::Text);
rt::Result<void> set_system(Conversation& c, rt::Text text);
rt::Result<void> show_context(Conversation& c, rt::Text);
rt::Result<void> begin_stories(Conversation& c, rt::Text);
rt::Result<void> begin_chat(Conversation& c, rt::Text);
rt::Result<void> load_chat(Conversation& c, rt::Text path);

/// Writes the conversation to a file.
rt::Result<void> save_chat(Conversation& c, rt::Text path, platform::Replace replace);

}  // namespace boot
