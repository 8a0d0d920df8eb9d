#include "model/llama2c_sampler.hpp"

#include "model/softmax.hpp"

namespace model {
namespace {

Token draw_from(rt::Span<const float> probabilities, float coin) {
  float sum = 0;
  for (Token token = 0; token < probabilities.count; ++token) {
    sum += probabilities[token];
    if (coin < sum) return token;
  }
  return Token(probabilities.count - 1);  // rounding left the sum below the coin
}

/// A heap of tokens with the likeliest on top; equally likely ones in the order of their numbers.
class LikeliestFirst {
 public:
  LikeliestFirst(rt::Span<const float> probabilities, rt::Span<uint32_t> tokens)
      : p_(probabilities), heap_(tokens), size_(tokens.count) {
    for (uint64_t at = size_ / 2; at-- > 0;) sink(at, heap_[at]);
  }

  bool empty() const { return size_ == 0; }

  /// Takes the top off, and keeps it where the heap ended: the tokens taken so far stand at the
  /// end of the array, the first of them last.
  Token pop() {
    const Token top = heap_[0], last = heap_[--size_];
    if (size_) sink(0, last);
    heap_[size_] = top;
    return top;
  }

 private:
  bool before(Token a, Token b) const { return p_[a] > p_[b] || (p_[a] == p_[b] && a < b); }

  void sink(uint64_t at, Token token) {
    for (uint64_t child; (child = 2 * at + 1) < size_; at = child) {
      if (child + 1 < size_ && before(heap_[child + 1], heap_[child])) ++child;
      if (!before(heap_[child], token)) break;
      heap_[at] = heap_[child];
    }
    heap_[at] = token;
  }

  rt::Span<const float> p_;
  rt::Span<uint32_t> heap_;
  uint64_t size_;
};

}  // namespace

rt::Result<Llama2cSampler*> Llama2cSampler::create(uint32_t vocab_size, const Kernels& kernels, rt::Arena& arena) {
  rt::Result<Llama2cSampler*> sampler = make<Llama2cSampler>(vocab_size, arena);
  if (sampler) (*sampler)->kernels_ = &kernels;
  return sampler;
}

Token Llama2cSampler::sample(rt::Span<float> logits, rt::Span<const Token>) {
  probability_ = -1;
  if (sampling_.temperature == 0) {
    const Token token = likeliest(logits);
    if (want_probability_) {
      softmax(*kernels_, logits.data, uint32_t(logits.count));
      probability_ = logits[token];
    }
    return token;
  }
  for (float& logit : logits) logit /= sampling_.temperature;
  softmax(*kernels_, logits.data, uint32_t(logits.count));
  const Token token = draw(logits);
  probability_ = logits[token];
  return token;
}

Token Llama2cSampler::draw(rt::Span<float> probabilities) {
  const float coin = random_.uniform();
  if (sampling_.topp <= 0 || sampling_.topp >= 1) return draw_from(probabilities, coin);
  return nucleus(probabilities, coin);
}

/// Top-p sampling (Holtzman et al. 2020): draws among the likeliest tokens whose probabilities
/// first exceed topp together.
Token Llama2cSampler::nucleus(rt::Span<const float> p, float coin) {
  // What lies below this cannot be among them.
  const float cutoff = (1.0f - sampling_.topp) / float(p.count - 1);
  uint64_t n = 0;
  for (Token token = 0; token < p.count; ++token)
    if (p[token] >= cutoff) order_[n++] = token;
  if (n == 0) return likeliest(p);  // only where topp is all but 0, or logits are no numbers

  LikeliestFirst candidates(p, order_.part(0, n));
  float sum = 0;
  uint64_t taken = 0;
  while (!candidates.empty() && sum <= sampling_.topp) {
    sum += p[candidates.pop()];
    ++taken;
  }
  const float target = coin * sum;
  float passed = 0;
  for (uint64_t i = 0; i < taken; ++i) {
    const Token token = order_[n - 1 - i];
    passed += p[token];
    if (target < passed) return token;
  }
  return order_[n - taken];  // rounding left the sum below the coin
}

}  // namespace model
