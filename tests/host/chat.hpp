#pragma once
#include <istream>

#include "model/chat/conversation.hpp"
#include "tests/host/engine.hpp"
#include "tests/host/options.hpp"

namespace test {

/// The conversation that the options want with this model; throws where it has no template.
model::Conversation make_conversation(const boot::Options& options, Engine& engine);

/// Answers the conversation: on stdout the answer, on stderr the figures.
void answer(model::Conversation& conversation, const boot::Options& options, Engine& engine);

/// Answers each line of `questions`.
void chat(std::istream& questions, const boot::Options& options, Engine& engine);

/// Answers the conversation of a file, or prints the ids that the model would read.
void answer_file(const std::string& path, const std::string& contents, const boot::Options& options, Engine& engine);

}  // namespace test
