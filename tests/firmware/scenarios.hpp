#pragma once
#include "tests/firmware/fake_firmware.hpp"

namespace test {

/// One story in token numbers, then back to the firmware. What to tell is said twice, in llama.cfg
/// and on the command line, and the tokenizer lies there twice, so that losing one changes nothing.
FakeMachine one_story();
/// The same with a float32 model on three processors, and its SHA-256 beside it.
FakeMachine one_story_on_all_processors();
/// A whole session: stories, settings, a list of models, another model, a file written.
FakeMachine conversation();

/// A GGUF model that chats: a question, a conversation that is saved and loaded, another answer.
FakeMachine chat();

/// Everything that is left to chance, on a small machine with one text mode and a terminal that takes UTF-8; and a model
/// that is too large for it.
FakeMachine small_machine();

/// What the user sees but for notes and figures of time, which may differ between runs.
std::string essence(const Outcome& run);

Bytes to_bytes(const std::string& text);
/// In hexadecimal digits.
std::string sha256(const Bytes& bytes);

}  // namespace test
