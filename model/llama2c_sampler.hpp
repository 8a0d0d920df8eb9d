#pragma once
#include "model/kernels/kernels.hpp"
#include "model/sampler.hpp"

namespace model {

/// Draws tokens with llama2.c's rules and random numbers: equal seeds tell equal stories.
class Llama2cSampler final : public Sampler {
 public:
  static constexpr float kUsualTopp = 0.9f;

  static rt::Result<Llama2cSampler*> create(uint32_t vocab_size, const Kernels& kernels, rt::Arena& arena);

  Token sample(rt::Span<float> logits, rt::Span<const Token> context) override;

 private:
  friend Sampler;
  Llama2cSampler() : Sampler(kUsualTopp) {}

  Token draw(rt::Span<float> probabilities);
  Token nucleus(rt::Span<const float> probabilities, float coin);

  const Kernels* kernels_ = nullptr;
};

}  // namespace model
