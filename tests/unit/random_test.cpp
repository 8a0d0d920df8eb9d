#include "rt/random.hpp"

#include <gtest/gtest.h>

namespace {

// What llama2.c's random_u32 gives, worked out apart from this code.
TEST(Random, GivesLlama2cSequence) {
  rt::Random one(1), many(42);
  for (const uint32_t value : {0x47e4ce4bu, 0xabcfa6a8u, 0xb9d10d8fu}) EXPECT_EQ(one.next(), value);
  for (const uint32_t value : {0x56ce4ab7u, 0xc841eb53u, 0xca466be0u})
    EXPECT_EQ(many.next(), value);
}

TEST(Random, TheThousandthNumberIsRightToo) {
  rt::Random random(1);
  for (int i = 0; i < 999; ++i) random.next();
  EXPECT_EQ(random.next(), 0x304e771u);
}

TEST(Random, SeedZeroIsSeedOne) { EXPECT_EQ(rt::Random(0).next(), rt::Random(1).next()); }

TEST(Random, UniformIsTheTop24BitsOverTwoTo24) {
  rt::Random random(42);
  EXPECT_EQ(random.uniform(), float(0x56ce4a) / 16777216.0f);
  EXPECT_EQ(random.uniform(), float(0xc841eb) / 16777216.0f);
}

TEST(Random, UniformStaysBelowOne) {
  rt::Random random(7);
  float least = 1, most = 0;
  for (int i = 0; i < 1'000'000; ++i) {
    const float value = random.uniform();
    least = value < least ? value : least;
    most = value > most ? value : most;
  }
  EXPECT_GE(least, 0.0f);
  EXPECT_LT(least, 1e-5f);
  EXPECT_LT(most, 1.0f);
  EXPECT_GT(most, 1 - 1e-5f);
}

}  // namespace
