#pragma once
#include "model/kernels/kernels.hpp"
#include "model/token.hpp"
#include "rt/arena.hpp"
#include "rt/random.hpp"

namespace model {

/// How the next token is drawn, with the defaults of every program here.
struct Sampling {
  float temperature = 0.8f;  // 0: always the likeliest
  float topp = 0.9f;         // of the likeliest tokens that hold this share; 0 or 1: of all
  uint64_t seed = 1;
};

/// Draws tokens with llama2.c's rules and random numbers: equal seeds tell equal stories.
class Sampler {
 public:
  static rt::Result<Sampler> create(uint32_t vocab_size, const Kernels& kernels, rt::Arena& arena);
  static uint64_t arena_bytes(uint32_t vocab_size);

  /// New settings; the random numbers start anew from the seed.
  void set(const Sampling& sampling) {
    sampling_ = sampling;
    random_ = rt::Random(sampling.seed);
  }

  /// The next token. Overwrites `logits` [vocab_size].
  Token sample(rt::Span<float> logits);

  /// Whether sample() should find out probability() where drawing does not need it, at temperature 0.
  void want_probability(bool wanted) { want_probability_ = wanted; }
  /// The probability of the last token as it was drawn (at the temperature, before top-p); below 0
  /// where it is not known.
  float probability() const { return probability_; }

 private:
  Token draw(rt::Span<float> probabilities);
  Token nucleus(rt::Span<const float> probabilities, float coin);

  const Kernels* kernels_ = nullptr;
  rt::Span<uint32_t> order_;  // [vocab_size] scratch
  Sampling sampling_;
  rt::Random random_{1};
  bool want_probability_ = false;
  float probability_ = -1;
};

}  // namespace model
