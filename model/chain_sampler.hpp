#pragma once
#include "model/token.hpp"
#include "rt/arena.hpp"
#include "rt/random.hpp"

namespace model {

/// How the next token is drawn, with llama.cpp's steps in its order and with its defaults. Each step leaves the next
/// one fewer tokens.
struct ChainSampling {
  float repeat_penalty = 1.0f;  // on the logits of what is among the newest 64 tokens; 1: none
  uint32_t top_k = 40;          // of so many likeliest tokens; 0: of all
  float top_p = 0.95f;          // of the fewest of those that hold this share together; 1: of all
  float min_p = 0.05f;          // of those at least so probable, as a share of the likeliest one's probability; 0: all
  float temperature = 0.8f;     // 0: always the likeliest
  uint64_t seed = 1;
};

class ChainSampler {
 public:
  static constexpr uint64_t kPenaltyWindow = 64;

  static rt::Result<ChainSampler> create(uint32_t vocab_size, rt::Arena& arena);
  static uint64_t arena_bytes(uint32_t vocab_size);

  /// New settings; the random numbers start anew from the seed.
  void set(const ChainSampling& sampling) {
    sampling_ = sampling;
    random_ = rt::Random(sampling.seed);
  }

  /// The next token after `context`, what the model has read and written so far. Changes `logits` [vocab_size].
  /// Equally likely tokens come in the order of their numbers. Looks at every logit once or twice; what has to be in
  /// order is as much as top_k or min_p leave.
  Token sample(rt::Span<float> logits, rt::Span<const Token> context);

  /// Whether sample() should find out probability().
  void want_probability(bool wanted) { want_probability_ = wanted; }
  /// The probability of the last token among all, at the temperature; below 0 where it is not known.
  float probability() const { return probability_; }

 private:
  uint64_t shortlist(rt::Span<const float> logits, float most, float& sum);
  Token draw(rt::Span<const float> logits, float most);

  rt::Span<Token> order_;  // [vocab_size] scratch
  ChainSampling sampling_;
  rt::Random random_{1};
  bool want_probability_ = false;
  float probability_ = -1;
};

}  // namespace model
