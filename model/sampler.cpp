#include "model/sampler.hpp"

namespace model {

uint64_t Sampler::arena_bytes(uint32_t vocab_size) {
  rt::Arena arena = rt::Arena::counting();
  (void)arena.make_raw<uint8_t>(kMostBytes);
  (void)arena.make_raw<Token>(vocab_size);
  return arena.used();
}

Token likeliest(rt::Span<const float> logits) {
  Token best = 0;
  float largest = logits[0];
  for (Token token = 1; token < logits.count; ++token)
    if (logits[token] > largest) largest = logits[token], best = token;
  return best;
}

}  // namespace model
