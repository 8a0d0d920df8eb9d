#include "model/llama2c_sampler.hpp"

#include <algorithm>
#include <cmath>
#include <map>

#include "model/softmax.hpp"
#include "rt/math.hpp"
#include "tests/unit/kernel_sets.hpp"
#include "tests/unit/made_model.hpp"

namespace {

using model::Sampling;
using model::Token;

/// llama2.c's sampler, with a stable sort where it has qsort, and the likeliest token where it has
/// none: a top-p of all but 0 may leave no candidate.
class NaiveSampler {
 public:
  explicit NaiveSampler(const Sampling& s) : s_(s), random_(s.seed) {}

  Token sample(std::vector<float> p) {
    const size_t n = p.size();
    if (s_.temperature == 0) return Token(std::max_element(p.begin(), p.end()) - p.begin());
    for (float& x : p) x /= s_.temperature;
    const float largest = *std::max_element(p.begin(), p.end());
    float sum = 0;
    for (float& x : p) sum += x = rt::exp(x - largest);
    for (float& x : p) x /= sum;
    const float coin = random_.uniform();

    std::vector<Token> tokens;
    for (Token token = 0; token < n; ++token) tokens.push_back(token);
    float held = 1;
    if (s_.topp > 0 && s_.topp < 1) {
      const float cutoff = (1.0f - s_.topp) / float(n - 1);
      std::erase_if(tokens, [&](Token token) { return p[token] < cutoff; });
      std::stable_sort(tokens.begin(), tokens.end(), [&](Token a, Token b) { return p[a] > p[b]; });
      held = 0;
      size_t kept = 0;
      while (kept < tokens.size() && held <= s_.topp) held += p[tokens[kept++]];
      tokens.resize(kept);
    }
    if (tokens.empty()) return Token(std::max_element(p.begin(), p.end()) - p.begin());
    const float target = coin * held;
    float passed = 0;
    for (const Token token : tokens)
      if (target < (passed += p[token])) return token;
    return tokens.back();
  }

 private:
  Sampling s_;
  rt::Random random_;
};

/// A sampler in memory of exactly the size that it asks for.
class MadeSampler {
 public:
  explicit MadeSampler(uint32_t vocab_size, const model::Kernels& kernels = model::kScalarKernels)
      : memory_(model::Sampler::arena_bytes(vocab_size)) {
    rt::Arena arena(memory_.span());
    sampler_ = test::need(model::Llama2cSampler::create(vocab_size, kernels, arena));
    EXPECT_EQ(arena.used(), memory_.size());
  }
  model::Sampler* operator->() { return sampler_; }

  Token sample(const std::vector<float>& logits) {
    const test::Exact<float> copy(logits);
    const Token token = sampler_->sample(copy.span(), {});
    EXPECT_LT(token, logits.size());
    return token;
  }

 private:
  test::Exact<uint8_t> memory_;
  model::Sampler* sampler_;
};

std::vector<float> draw_logits(std::mt19937& random, size_t n, float spread) {
  std::vector<float> logits(n);
  for (float& x : logits) x = test::draw_float(random, test::Floats::ordinary) * spread;
  return logits;
}

class EverySampler : public test::EveryKernelSet {};

TEST_P(EverySampler, DrawsWhatTheNaiveSamplerDraws) {
  for (const uint32_t vocab_size : {2, 3, 16, 17, 300, 2000}) {
    MadeSampler sampler(vocab_size, *GetParam());
    for (const float temperature : {0.0f, 0.1f, 0.7f, 1.0f, 1.5f, 10.0f})
      for (const float topp : {0.0f, 0.001f, 0.3f, 0.9f, 0.95f, 0.9999f, 1.0f}) {
        const Sampling sampling{temperature, topp, random_()};
        sampler->set(sampling);
        NaiveSampler naive(sampling);
        for (int i = 0; i < 12; ++i) {
          std::vector<float> logits = draw_logits(random_, vocab_size, i % 3 ? 4.0f : 20.0f);
          if (i % 2)  // many equal ones
            for (float& x : logits) x = std::round(x);
          ASSERT_EQ(sampler.sample(logits), naive.sample(logits))
              << vocab_size << " tokens, temperature " << temperature << ", top-p " << topp;
        }
      }
  }
}

INSTANTIATE_TEST_SUITE_P(Sets, EverySampler, test::all_sets(), test::set_name);

TEST(Sampler, DrawsWhatTheNaiveSamplerDrawsFromAWholeVocabulary) {
  std::mt19937 random(7);
  MadeSampler sampler(32000);
  const Sampling sampling{1.0f, 0.9f, 42};
  sampler->set(sampling);
  NaiveSampler naive(sampling);
  for (const float spread : {0.0f, 1.0f, 5.0f, 20.0f, 200.0f}) {
    const auto logits = draw_logits(random, 32000, spread);
    ASSERT_EQ(sampler.sample(logits), naive.sample(logits)) << spread;
  }
}

TEST(Sampler, WithoutTemperatureTakesTheFirstOfTheLikeliest) {
  MadeSampler sampler(5);
  sampler->set({.temperature = 0});
  EXPECT_EQ(sampler.sample({1, 3, 2, 3, 0}), 1u);
  EXPECT_EQ(sampler.sample({9, 3, 2, 3, 9}), 0u);
  EXPECT_EQ(sampler.sample({-5, -4, -3, -2, -1}), 4u);
  EXPECT_EQ(sampler.sample({0, 0, 0, 0, 0}), 0u);
}

TEST(Sampler, TheProbabilityIsThatOfTheTokenBeforeTopP) {
  // Probabilities 0.5, 0.25, 0.25.
  const std::vector<float> logits = {0, std::log(2.0f), 0};
  MadeSampler sampler(3);
  EXPECT_LT(sampler->probability(), 0);
  for (const float topp : {0.6f, 1.0f}) {
    sampler->set({1.0f, topp, 3});
    for (int i = 0; i < 20; ++i) {
      const Token token = sampler.sample(logits);
      EXPECT_NEAR(sampler->probability(), token == 1 ? 0.5f : 0.25f, 1e-6f);
    }
  }
  sampler->set({.temperature = 2.0f, .topp = 0.1f});
  EXPECT_EQ(sampler.sample(logits), 1u);
  EXPECT_NEAR(sampler->probability(), std::sqrt(2.0) / (2 + std::sqrt(2.0)), 1e-6);
}

TEST(Sampler, WithoutTemperatureTheProbabilityIsFoundOnlyWhereItIsWanted) {
  const std::vector<float> logits = {0, std::log(2.0f), 0};
  MadeSampler sampler(3);
  sampler->set({1.0f, 0.9f, 3});
  sampler.sample(logits);
  sampler->set({.temperature = 0});
  EXPECT_EQ(sampler.sample(logits), 1u);
  EXPECT_LT(sampler->probability(), 0);
  sampler->want_probability(true);
  EXPECT_EQ(sampler.sample(logits), 1u);
  EXPECT_NEAR(sampler->probability(), 0.5f, 1e-6f);
  sampler->want_probability(false);
  EXPECT_EQ(sampler.sample(logits), 1u);
  EXPECT_LT(sampler->probability(), 0);
}

TEST(Sampler, NewSettingsBeginTheRandomNumbersAnew) {
  std::mt19937 random(2);
  const auto logits = draw_logits(random, 100, 1);
  MadeSampler sampler(100);
  std::map<uint64_t, std::vector<Token>> stories;
  for (int time = 0; time < 2; ++time)
    for (const uint64_t seed : {1, 2, 3}) {
      sampler->set({1.0f, 0.9f, seed});
      std::vector<Token> story;
      for (int i = 0; i < 30; ++i) story.push_back(sampler.sample(logits));
      if (time == 0) stories[seed] = story;
      EXPECT_EQ(story, stories[seed]);
    }
  EXPECT_NE(stories[1], stories[2]);
  EXPECT_NE(stories[2], stories[3]);
}

TEST(Sampler, TopPKeepsToTheLikeliest) {
  // Probabilities 0.5, 0.25, 0.125, ...: 0.8 is passed by the first three.
  std::vector<float> logits(20);
  for (size_t i = 0; i < logits.size(); ++i) logits[i] = -std::log(2.0f) * float((i + 7) % 20);
  MadeSampler sampler(20);
  sampler->set({1.0f, 0.8f, 1});
  std::map<Token, int> counts;
  for (int i = 0; i < 4000; ++i) ++counts[sampler.sample(logits)];
  ASSERT_EQ(counts.size(), 3u);
  EXPECT_NEAR(counts[13], 4000 * 4 / 7, 200);
  EXPECT_NEAR(counts[14], 4000 * 2 / 7, 200);
  EXPECT_NEAR(counts[15], 4000 * 1 / 7, 200);
}

TEST(Sampler, TemperatureSharpensAndFlattens) {
  const std::vector<float> logits = {0, 1, 2, 1};
  MadeSampler sampler(4);
  const auto share_of_best = [&](float temperature) {
    sampler->set({temperature, 1.0f, 9});
    int count = 0;
    for (int i = 0; i < 4000; ++i) count += sampler.sample(logits) == 2;
    return count / 4000.0;
  };
  const auto exact = [](double t) {
    return std::exp(2 / t) / (1 + 2 * std::exp(1 / t) + std::exp(2 / t));
  };
  for (const float t : {0.3f, 1.0f, 3.0f}) EXPECT_NEAR(share_of_best(t), exact(t), 0.04) << t;
}

TEST(Sampler, TopPTakesTokensUntilTheyHoldMoreThanItsShare) {
  // Half and half: the first alone holds no more than 0.5.
  MadeSampler sampler(2);
  sampler->set({1.0f, 0.5f, 1});
  std::map<Token, int> counts;
  for (int i = 0; i < 100; ++i) ++counts[sampler.sample({3, 3})];
  EXPECT_EQ(counts.size(), 2u);
}

TEST(Sampler, ACoinBetweenTwoTokensTakesTheSecond) {
  for (const auto& [seed, coin] : {std::pair{7767648u, 0.5f}, {3883824u, 0.75f}}) {
    ASSERT_EQ(rt::Random(seed).uniform(), coin);
    MadeSampler sampler(4);
    for (const float topp : {0.9f, 1.0f}) {
      sampler->set({1.0f, topp, seed});
      EXPECT_EQ(sampler.sample({7, 7, 7, 7}), Token(coin * 4));
    }
  }
}

/// A seed whose first random number is all but one.
uint64_t seed_of_the_largest_coin() {
  for (uint64_t seed = 1;; ++seed)
    if (rt::Random(seed).uniform() > 1 - 0x1p-21f) return seed;
}

TEST(Sampler, ACoinThatRoundingLeavesBeyondTheSumTakesTheLastToken) {
  const uint64_t seed = seed_of_the_largest_coin();
  const float coin = rt::Random(seed).uniform();
  uint32_t n = 1000;
  for (;; ++n) {  // n equal tokens whose probabilities add up to less than the coin
    float sum = 0;
    for (uint32_t i = 0; i < n; ++i) sum += 1.0f / float(n);
    if (sum <= coin) break;
  }
  MadeSampler sampler(n);
  sampler->set({1.0f, 1.0f, seed});
  EXPECT_EQ(sampler.sample(std::vector<float>(n)), n - 1);
}

TEST(Sampler, LogitsThatAreNoNumbersDoNotCrash) {
  std::mt19937 random(3);
  const float special[] = {NAN, INFINITY, -INFINITY, 0, 1, 0x1p127f, -0x1p127f};
  for (const uint32_t n : {1, 2, 3, 50})
    for (const float temperature : {0.0f, 0.1f, 1.0f})
      for (const float topp : {0.0f, 0.5f, 0.9f}) {
        MadeSampler sampler(n);
        sampler->set({temperature, topp, 1});
        for (const float all : special) sampler.sample(std::vector<float>(n, all));
        for (int time = 0; time < 50; ++time) {
          std::vector<float> logits(n);
          for (float& x : logits) x = special[random() % std::size(special)];
          sampler.sample(logits);
          logits.assign(n, 1.0f);
          logits[random() % n] = NAN;
          sampler.sample(logits);
        }
      }
}

TEST(Sampler, OneByteTooFewIsSaidToBeTooFew) {
  const test::Exact<uint8_t> memory(model::Sampler::arena_bytes(100) - 1);
  rt::Arena arena(memory.span());
  const auto sampler = model::Llama2cSampler::create(100, model::kScalarKernels, arena);
  ASSERT_FALSE(sampler);
  EXPECT_EQ(sampler.error().code, rt::Errc::out_of_memory);
}

TEST(Softmax, IsLlama2csForEverySize) {
  std::mt19937 random(4);
  for (uint32_t n = 1; n < 80; ++n) {
    const test::Exact<float> x(draw_logits(random, n, 10));
    std::vector<float> expected(x.begin(), x.end());
    const float largest = *std::max_element(expected.begin(), expected.end());
    float sum = 0;
    for (float& value : expected) sum += value = rt::exp(value - largest);
    for (float& value : expected) value /= sum;
    model::softmax(model::kScalarKernels, x.data(), n);
    EXPECT_EQ(test::first_difference(x, expected), -1) << n;
  }
}

}  // namespace
