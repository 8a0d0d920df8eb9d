#pragma once
#include "model/token.hpp"
#include "rt/arena.hpp"
#include "rt/random.hpp"

namespace model {

/// How the next token is drawn, with the defaults of every program here. llama2.c's rules have the first three.
struct Sampling {
  float temperature = 0.8f;      // 0: always the likeliest
  float topp = -1;               // of the likeliest tokens that hold this share; 0 or 1: of all; below 0: as is usual
  uint64_t seed = 1;
  uint32_t top_k = 40;           // of so many likeliest tokens; 0: of all
  float min_p = 0.05f;           // of those at least so probable, as a share of the likeliest one's probability; 0: all
  float repeat_penalty = 1.0f;   // on the logits of what is among the newest 64 tokens; 1: none
};

/// Draws tokens. Which rules it has is a matter of the model's file.
class Sampler {
 public:
  /// New settings; the random numbers start anew from the seed.
  void set(const Sampling& sampling) {
    sampling_ = sampling;
    if (sampling.topp < 0) sampling_.topp = usual_topp_;
    random_ = rt::Random(sampling.seed);
  }
  /// The settings, the usual top-p put in.
  const Sampling& settings() const { return sampling_; }

  /// The next token after `context`, what the model has read and written so far. Changes `logits` [vocab_size].
  /// Equally likely tokens come in the order of their numbers.
  virtual Token sample(rt::Span<float> logits, rt::Span<const Token> context) = 0;

  /// Whether sample() should find out probability() where drawing does not need it.
  void want_probability(bool wanted) { want_probability_ = wanted; }
  /// The probability of the last token among all, at the temperature; below 0 where it is not known.
  float probability() const { return probability_; }

  /// What create() of any takes from an arena, in bytes.
  static uint64_t arena_bytes(uint32_t vocab_size);

 protected:
  explicit Sampler(float usual_topp) : usual_topp_(usual_topp) {}
  ~Sampler() = default;

  /// An S with its memory.
  template <class S>
  static rt::Result<S*> make(uint32_t vocab_size, rt::Arena& arena) {
    static_assert(sizeof(S) <= kMostBytes);
    rt::Result<rt::Span<uint8_t>> place = arena.make_raw<uint8_t>(kMostBytes);
    if (!place) return place.error();
    rt::Result<rt::Span<Token>> order = arena.make_raw<Token>(vocab_size);
    if (!order) return order.error();
    S* const sampler = new (rt::Placement{place->data}) S;
    sampler->order_ = *order;
    return sampler;
  }

  rt::Span<Token> order_;  // [vocab_size] scratch
  Sampling sampling_;
  rt::Random random_{1};
  float usual_topp_;
  bool want_probability_ = false;
  float probability_ = -1;

 private:
  static constexpr uint64_t kMostBytes = 128;
};

/// The first of the likeliest tokens.
Token likeliest(rt::Span<const float> logits);

}  // namespace model
