#include "model/chain_sampler.hpp"

#include "rt/math.hpp"

namespace model {
namespace {

/// As llama.cpp does it (Keskar et al. 2019, but for negative logits): once for every token that occurs.
void penalise(rt::Span<float> logits, rt::Span<const Token> recent, float penalty) {
  for (uint64_t i = 0; i < recent.count; ++i) {
    const Token token = recent[i];
    bool again = token >= logits.count;
    for (uint64_t k = 0; k < i; ++k) again = again || recent[k] == token;
    if (again) continue;
    float& logit = logits[token];
    logit = logit > 0 ? logit / penalty : logit * penalty;
  }
}

/// A heap of tokens with the least likely on top.
class LeastLikelyFirst {
 public:
  LeastLikelyFirst(rt::Span<const float> logits, Token* heap) : logits_(logits), heap_(heap) {}

  uint64_t size() const { return size_; }
  /// Would `token` be above the top?
  bool beats_top(Token token) const { return before(heap_[0], token); }

  void push(Token token) {
    uint64_t at = size_++;
    for (; at && before(token, heap_[(at - 1) / 2]); at = (at - 1) / 2) heap_[at] = heap_[(at - 1) / 2];
    heap_[at] = token;
  }
  void replace_top(Token token) {
    uint64_t at = 0;
    for (uint64_t child; (child = 2 * at + 1) < size_; at = child) {
      if (child + 1 < size_ && before(heap_[child + 1], heap_[child])) ++child;
      if (!before(heap_[child], token)) break;
      heap_[at] = heap_[child];
    }
    heap_[at] = token;
  }
  /// Leaves the tokens in order, the likeliest first, and the heap empty.
  void sort() {
    while (size_) {
      const Token top = heap_[0], last = heap_[--size_];
      if (size_) replace_top(last);
      heap_[size_] = top;
    }
  }

 private:
  bool before(Token a, Token b) const {
    return logits_[a] < logits_[b] || (logits_[a] == logits_[b] && a > b);
  }

  rt::Span<const float> logits_;
  Token* heap_;
  uint64_t size_ = 0;
};

}  // namespace

Token ChainSampler::sample(rt::Span<float> logits, rt::Span<const Token> context) {
  const uint64_t recent = rt::min(context.count, kPenaltyWindow);
  if (sampling_.repeat_penalty != 1) penalise(logits, context.from(context.count - recent), sampling_.repeat_penalty);
  const Token best = likeliest(logits);
  const bool greedy = sampling_.temperature == 0;
  const Token token = greedy ? best : draw(logits, logits[best]);
  probability_ = -1;
  if (want_probability_) {
    const float scale = greedy ? 1 : sampling_.temperature;
    float sum = 0;
    for (const float logit : logits) sum += rt::exp((logit - logits[best]) / scale);
    probability_ = rt::exp((logits[token] - logits[best]) / scale) / sum;
  }
  return token;
}

/// Puts those of the top_k likeliest tokens that min_p may leave to the front of order_, the likeliest first, and
/// returns their number. `sum`: of e^(logit - most) over all that top_k leaves.
uint64_t ChainSampler::shortlist(rt::Span<const float> logits, float most, float& sum) {
  const uint64_t k = rt::min<uint64_t>(sampling_.top_k ? sampling_.top_k : logits.count, logits.count);
  const bool all = k == logits.count;
  // Whether topp has cut before or not, min_p leaves the same: of tokens in order, both leave the first few.
  const float least = most + rt::log(sampling_.min_p);
  LeastLikelyFirst list(logits, order_.data);
  sum = 0;
  for (Token token = 0; token < logits.count; ++token) {
    if (all) {
      sum += rt::exp(logits[token] - most);
      if (logits[token] >= least) list.push(token);
    } else if (list.size() < k) {
      list.push(token);
    } else if (list.beats_top(token)) {
      list.replace_top(token);
    }
  }
  uint64_t n = list.size();
  list.sort();
  if (all) return n;
  for (uint64_t i = 0; i < k; ++i) sum += rt::exp(logits[order_[i]] - most);
  while (n && !(logits[order_[n - 1]] >= least)) --n;
  return n;
}

Token ChainSampler::draw(rt::Span<const float> logits, float most) {
  float sum;
  uint64_t n = shortlist(logits, most, sum);
  const bool cuts = sampling_.topp > 0 && sampling_.topp < 1;
  const float share = sampling_.topp * sum;
  float held = 0;
  for (uint64_t i = 0; i < n && cuts; ++i)
    if ((held += rt::exp(logits[order_[i]] - most)) >= share) n = i + 1;

  const auto weight = [&](uint64_t i) { return rt::exp((logits[order_[i]] - most) / sampling_.temperature); };
  float total = 0;
  for (uint64_t i = 0; i < n; ++i) total += weight(i);
  const float target = random_.uniform() * total;
  float passed = 0;
  for (uint64_t i = 0; i < n; ++i)
    if (target < (passed += weight(i))) return order_[i];
  return n ? order_[n - 1] : likeliest(logits);  // rounding left the sum below the target, or logits are no numbers
}

}  // namespace model
