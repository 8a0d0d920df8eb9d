#pragma once
#include <string>
#include <vector>

#include "tests/host/engine.hpp"

namespace test {

/// The ids in a text, separated by white space. Throws where something else stands there.
std::vector<model::Token> read_ids(const std::string& text);

/// Writes the logits after each token, [tokens, vocabulary] floats, little-endian.
void write_logits(Engine& engine, const std::vector<model::Token>& tokens, const std::string& path);

/// Prints a line for each token: "position token logsumexp id:logit ...", the `best` largest logits first, 9 digits.
void print_top(Engine& engine, const std::vector<model::Token>& tokens, uint32_t best);

}  // namespace test
