#include "model/chain_sampler.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <random>

#include "tests/unit/made_model.hpp"

namespace {

using model::Sampling;
using model::Token;
using Logits = std::vector<float>;

/// A sampler in memory of exactly the size that it asks for.
class Made {
 public:
  explicit Made(uint32_t vocab_size)
      : memory_(model::ChainSampler::arena_bytes(vocab_size)), arena_(memory_.span()),
        sampler_(test::need(model::ChainSampler::create(vocab_size, arena_))) {}
  model::Sampler* operator->() { return sampler_; }

  Token sample(const Logits& logits, const std::vector<Token>& context = {}) {
    const test::Exact<float> copy(logits);
    const test::Exact<Token> exact(context);
    return sampler_->sample(copy.span(), {exact.data(), exact.size()});
  }

 private:
  test::Exact<uint8_t> memory_;
  rt::Arena arena_;
  model::ChainSampler* sampler_;
};

/// The tokens that the steps leave and their weights, by their definitions, in double precision. `close`: a border lies
/// so near to a token that rounding may decide.
struct Naive {
  std::vector<Token> tokens;
  std::vector<double> weights;
  bool close = false;
};

Naive naive(Logits logits, const std::vector<Token>& context, const Sampling& sampling) {
  std::vector<Token> recent(context.end() - int64_t(std::min<size_t>(context.size(), 64)), context.end());
  std::sort(recent.begin(), recent.end());
  recent.erase(std::unique(recent.begin(), recent.end()), recent.end());
  for (const Token token : recent) {
    if (token >= logits.size()) continue;
    float& logit = logits[token];
    logit = logit > 0 ? logit / sampling.repeat_penalty : logit * sampling.repeat_penalty;
  }
  Naive left;
  left.tokens.resize(logits.size());
  std::iota(left.tokens.begin(), left.tokens.end(), 0);
  std::stable_sort(left.tokens.begin(), left.tokens.end(), [&](Token a, Token b) { return logits[a] > logits[b]; });
  if (sampling.top_k && sampling.top_k < left.tokens.size()) left.tokens.resize(sampling.top_k);

  const double most = logits[left.tokens[0]];
  const auto weight = [&](Token token, double temperature) { return std::exp((logits[token] - most) / temperature); };
  if (sampling.topp < 1) {
    double sum = 0, held = 0;
    for (const Token token : left.tokens) sum += weight(token, 1);
    for (size_t i = 0; i < left.tokens.size(); ++i) {
      held += weight(left.tokens[i], 1) / sum;
      left.close = left.close || std::abs(held - sampling.topp) < 1e-5;
      if (held >= sampling.topp) left.tokens.resize(i + 1);
    }
  }
  const auto improbable = [&](Token token) {
    const bool rounded = sampling.min_p > 0 && sampling.min_p < 1;
    left.close = left.close || (rounded && std::abs(weight(token, 1) - sampling.min_p) < 1e-6);
    return weight(token, 1) < sampling.min_p;
  };
  left.tokens.erase(std::remove_if(left.tokens.begin(), left.tokens.end(), improbable), left.tokens.end());
  for (const Token token : left.tokens) left.weights.push_back(weight(token, sampling.temperature));
  return left;
}

/// The token that a share of all weights falls on; `close` as above.
Token pick(Naive& left, double share) {
  double target = share * std::accumulate(left.weights.begin(), left.weights.end(), 0.0), passed = 0;
  const double edge = 1e-5 * (target + left.weights[0]);
  for (size_t i = 0; i < left.tokens.size(); ++i) {
    passed += left.weights[i];
    left.close = left.close || std::abs(passed - target) < edge;
    if (target < passed) return left.tokens[i];
  }
  return left.tokens.back();
}

TEST(ChainSampler, DrawsAsTheNaiveSamplerDoes) {
  std::mt19937 random(1);
  std::normal_distribution<float> normal(0, 4);
  int compared = 0, several = 0;
  for (int time = 0; time < 20000; ++time) {
    const uint32_t size = 1 + random() % (time % 10 ? 60 : 2000);
    Logits logits(size);
    for (float& logit : logits) logit = time % 3 ? normal(random) : std::round(normal(random));  // many of them equal
    std::vector<Token> context(random() % 100);
    for (Token& token : context) token = random() % (size + 5);
    Sampling sampling;
    if (time % 4) {
      const float penalties[] = {1, 1.1f, 2}, shares[] = {0.05f, 0.5f, 0.9f, 1}, mins[] = {0, 0.01f, 0.3f, 1};
      sampling.repeat_penalty = penalties[random() % 3];
      sampling.top_k = uint32_t(random() % (size + 5));
      sampling.topp = shares[random() % 4];
      sampling.min_p = mins[random() % 4];
      sampling.temperature = 0.1f + float(random() % 40) / 10;
    }
    sampling.seed = random() + 1;
    Made sampler(size);
    sampler->set(sampling);
    rt::Random coins(sampling.seed);
    Naive left = naive(logits, context, sampler->settings());
    const Token expected = pick(left, coins.uniform());
    const Token drawn = sampler.sample(logits, context);
    if (left.close) continue;
    ASSERT_EQ(drawn, expected) << time;
    ++compared;
    several += left.tokens.size() > 1;
  }
  EXPECT_GT(compared, 18000);
  EXPECT_GT(several, 8000);
}

TEST(ChainSampler, TheDefaultsAreLlamaCpps) {
  Made sampler(1);
  sampler->set({});
  const Sampling& sampling = sampler->settings();
  EXPECT_EQ(sampling.repeat_penalty, 1.0f);
  EXPECT_EQ(sampling.top_k, 40u);
  EXPECT_EQ(sampling.topp, 0.95f);
  EXPECT_EQ(sampling.min_p, 0.05f);
  EXPECT_EQ(sampling.temperature, 0.8f);
}

TEST(ChainSampler, AtTemperatureZeroTheLikeliestTokenComesAndOfEqualsTheFirst) {
  Made sampler(5);
  sampler->set({.temperature = 0});
  EXPECT_EQ(sampler.sample({1, 7, 3, 7, 7}), 1u);
  EXPECT_EQ(sampler.sample({9, 7, 3, 7, 9}), 0u);
}

TEST(ChainSampler, APenaltyFallsOnEachRecentTokenOnce) {
  Made sampler(4);
  sampler->set({.temperature = 0, .repeat_penalty = 2});
  EXPECT_EQ(sampler.sample({5, 4, 2.6f, -9}, {0}), 1u);
  EXPECT_EQ(sampler.sample({5, 4, 2.4f, -9}, {0, 1, 0, 0}), 0u);
  EXPECT_EQ(sampler.sample({-5, -4, -9, -9}, {1}), 0u);
  std::vector<Token> long_ago(65, 3);
  long_ago[0] = 0;  // the 65th back
  EXPECT_EQ(sampler.sample({5, 4, 0, 0}, long_ago), 0u);
  long_ago[1] = 0;
  EXPECT_EQ(sampler.sample({5, 4, 0, 0}, long_ago), 1u);
}

TEST(ChainSampler, OfEqualTokensTheFirstOnesAreAmongTheTopK) {
  Made sampler(100);
  sampler->set({.temperature = 1, .topp = 1, .top_k = 10, .min_p = 0});
  std::vector<int> drawn(100);
  for (int time = 0; time < 5000; ++time) ++drawn[sampler.sample(Logits(100, 1.0f))];
  for (size_t token = 0; token < 100; ++token) EXPECT_EQ(drawn[token] > 0, token < 10) << token;
}

TEST(ChainSampler, EqualSeedsDrawEqualTokens) {
  Made one(50), other(50);
  Logits logits(50);
  std::iota(logits.begin(), logits.end(), 0);
  for (float& logit : logits) logit /= 20;
  const Sampling sampling = {.topp = 1, .seed = 7, .top_k = 0, .min_p = 0};
  std::vector<Token> first, second, third;
  one->set(sampling);
  other->set(sampling);
  for (int i = 0; i < 100; ++i) first.push_back(one.sample(logits)), second.push_back(other.sample(logits));
  one->set(sampling);
  for (int i = 0; i < 100; ++i) third.push_back(one.sample(logits));
  EXPECT_EQ(first, second);
  EXPECT_EQ(first, third);
  EXPECT_GT(std::count_if(first.begin(), first.end(), [&](Token token) { return token != first[0]; }), 50);
}

TEST(ChainSampler, TheProbabilityIsThatAmongAllTokens) {
  Made sampler(3);
  sampler->set({.temperature = 2, .top_k = 1});
  (void)sampler.sample({2, 1, 0});
  EXPECT_LT(sampler->probability(), 0);
  sampler->want_probability(true);
  (void)sampler.sample({2, 1, 0});
  EXPECT_NEAR(sampler->probability(), 1 / (1 + std::exp(-0.5) + std::exp(-1)), 1e-6);
  sampler->set({.temperature = 0});
  (void)sampler.sample({2, 1, 0});
  EXPECT_NEAR(sampler->probability(), 1 / (1 + std::exp(-1) + std::exp(-2)), 1e-6);
}

TEST(ChainSampler, LogitsThatAreNoNumbersGiveSomeToken) {
  const float inf = std::numeric_limits<float>::infinity(), nan = std::numeric_limits<float>::quiet_NaN();
  for (const float odd : {inf, -inf, nan})
    for (const uint32_t top_k : {0u, 1u, 2u, 40u})
      for (const Logits& logits : {Logits{odd}, Logits{odd, odd, odd}, Logits{1, odd, 2}, Logits{odd, 1, 1}}) {
        Made sampler(uint32_t(logits.size()));
        sampler->set({.top_k = top_k, .repeat_penalty = 1.1f});
        EXPECT_LT(sampler.sample(logits, {0}), logits.size());
      }
}

}  // namespace
