#include "tests/host/logits.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <functional>
#include <numeric>
#include <sstream>

namespace test {
namespace {

/// Hands the logits after each token to `take`.
void run(Engine& engine, const std::vector<model::Token>& tokens,
         const std::function<void(uint32_t position, rt::Span<const float>)>& take) {
  const model::Config& config = engine.transformer().config();
  if (tokens.size() > engine.transformer().context())
    throw std::runtime_error(std::to_string(tokens.size()) + " tokens; the context holds " +
                             std::to_string(engine.transformer().context()));
  for (uint32_t i = 0; i < tokens.size(); ++i) {
    if (tokens[i] >= config.vocab_size)
      throw std::runtime_error("token " + std::to_string(tokens[i]) + " is past the vocabulary of " +
                               std::to_string(config.vocab_size));
    take(i, engine.transformer().forward({&tokens[i], 1}, i));
  }
}

}  // namespace

std::vector<model::Token> read_ids(const std::string& text) {
  std::istringstream words(text);
  std::vector<model::Token> ids;
  for (std::string word; words >> word;) {
    if (word.size() > 9 || word.find_first_not_of("0123456789") != std::string::npos)
      throw std::runtime_error("'" + word + "' is no token id");
    ids.push_back(static_cast<model::Token>(std::stoul(word)));
  }
  if (ids.empty()) throw std::runtime_error("there are no token ids");
  return ids;
}

void write_logits(Engine& engine, const std::vector<model::Token>& tokens, const std::string& path) {
  std::ofstream out(path, std::ios::binary);
  run(engine, tokens, [&](uint32_t, rt::Span<const float> logits) {
    out.write(reinterpret_cast<const char*>(logits.data), static_cast<std::streamsize>(logits.bytes()));
  });
  if (!out.flush()) throw std::runtime_error(path + ": cannot be written");
}

void print_top(Engine& engine, const std::vector<model::Token>& tokens, uint32_t best) {
  run(engine, tokens, [&](uint32_t position, rt::Span<const float> logits) {
    std::vector<uint32_t> order(logits.count);
    std::iota(order.begin(), order.end(), 0u);
    const size_t n = std::min<size_t>(best, order.size());
    std::partial_sort(order.begin(), order.begin() + long(n), order.end(), [&](uint32_t a, uint32_t b) {
      return logits[a] != logits[b] ? logits[a] > logits[b] : a < b;
    });
    const double largest = logits[order[0]];
    double sum = 0;
    for (float logit : logits) sum += std::exp(logit - largest);
    std::printf("%u %u %.9g", position, tokens[position], largest + std::log(sum));
    for (size_t i = 0; i < n; ++i) std::printf(" %u:%.9g", order[i], double(logits[order[i]]));
    std::printf("\n");
  });
}

}  // namespace test
