#pragma once
#include "model/sampler.hpp"

namespace model {

/// Draws tokens with llama.cpp's steps, in its order and with its defaults: repeat_penalty, top_k, topp, min_p,
/// temperature. Each step leaves the next one fewer tokens.
class ChainSampler final : public Sampler {
 public:
  static constexpr uint64_t kPenaltyWindow = 64;
  static constexpr float kUsualTopp = 0.95f;

  static rt::Result<ChainSampler*> create(uint32_t vocab_size, rt::Arena& arena) {
    return make<ChainSampler>(vocab_size, arena);
  }

  /// Looks at every logit once or twice; what has to be in order is as much as top_k or min_p leave.
  Token sample(rt::Span<float> logits, rt::Span<const Token> context) override;

 private:
  friend Sampler;
  ChainSampler() : Sampler(kUsualTopp) {}

  uint64_t shortlist(rt::Span<const float> logits, float most, float& sum);
  Token draw(rt::Span<const float> logits, float most);
};

}  // namespace model
