#include "rt/math.hpp"

#include <gtest/gtest.h>

#include "rt/exp.hpp"
#include "rt/random.hpp"
#include "tests/unit/math_reference.hpp"

// math_sweep tries every float; here every 997th, for a few seconds.
namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kLeast = std::numeric_limits<float>::denorm_min();

void expect_nearest(const test::Reference& reference, float x, float y, float result) {
  uint64_t undecided = 0;
  const float nearest = reference.nearest(x, y, undecided);
  ASSERT_PRED2(test::same, result, nearest) << std::hexfloat << "of " << x << ", " << y;
}

/// At most `limit` units in the last place from the exact value.
void expect_close(const test::Reference& reference, double limit, float x, float result) {
  uint64_t undecided = 0;
  if (test::same(result, reference.nearest(x, 0, undecided))) return;
  ASSERT_LE(reference.error(x, 0, result), limit) << std::hexfloat << "of " << x << ": " << result;
}

void expect_close_everywhere(const test::Reference& reference, double limit, float (*f)(float)) {
  for (uint64_t bits = 0; bits <= 0xffffffff; bits += 997) {
    const float x = std::bit_cast<float>(uint32_t(bits));
    expect_close(reference, limit, x, f(x));
    if (testing::Test::HasFatalFailure()) return;
  }
}

TEST(Math, ExpIsCloseForEveryFloat) {
  expect_close_everywhere(test::kExp, test::kExpLimit, rt::exp);
}
TEST(Math, SinIsCloseForEveryFloat) {
  expect_close_everywhere(test::kSin, test::kSinLimit, rt::sin);
}
TEST(Math, CosIsCloseForEveryFloat) {
  expect_close_everywhere(test::kCos, test::kCosLimit, rt::cos);
}
TEST(Math, LogIsTheNearestFloat) { expect_close_everywhere(test::kLog, 0.5, rt::log); }
TEST(Math, SqrtIsTheNearestFloat) { expect_close_everywhere(test::kRoot, 0.5, rt::sqrt); }

TEST(Math, ExpGivesTheBitsOfTheStepsThatVectorsTake) {
  for (uint64_t bits = 0; bits <= 0xffffffff; bits += 499) {
    const float x = std::bit_cast<float>(uint32_t(bits));
    ASSERT_PRED2(test::same, rt::exp(x), rt::exp_in_double(x)) << std::hexfloat << "of " << x;
  }
}

#ifdef __GLIBC__
// What lets our tokens be llama2.c's. glibc uses fused multiplications where the processor has
// them, which makes a few results in a thousand million differ.
void expect_as_host(float (*f)(float), float (*host)(float)) {
  int different = 0;
  for (uint64_t bits = 0; bits <= 0xffffffff; bits += 997) {
    const float x = std::bit_cast<float>(uint32_t(bits));
    different += !test::same(f(x), host(x));
  }
  EXPECT_LE(different, 2);
}

TEST(Math, ExpIsGlibcs) { expect_as_host(rt::exp, expf); }
TEST(Math, SinIsGlibcs) { expect_as_host(rt::sin, sinf); }
TEST(Math, CosIsGlibcs) { expect_as_host(rt::cos, cosf); }
#endif

TEST(Math, ExpAtItsEnds) {
  EXPECT_EQ(rt::exp(0.0f), 1.0f);
  EXPECT_EQ(rt::exp(-0.0f), 1.0f);
  EXPECT_EQ(rt::exp(kInf), kInf);
  EXPECT_EQ(rt::exp(-kInf), 0.0f);
  EXPECT_TRUE(isnan(rt::exp(kNan)));
  for (const float edge : {0x1.62e42ep6f, -0x1.9fe368p6f, -0x1.5d58a0p6f, 0x1p-24f, -0x1p-25f,
                           0x1p-26f, 128.0f, -128.0f})
    for (const float x : {nextafterf(edge, -kInf), edge, nextafterf(edge, kInf)})
      expect_close(test::kExp, test::kExpLimit, x, rt::exp(x));
}

TEST(Math, LogAtItsEnds) {
  EXPECT_EQ(rt::log(1.0f), 0.0f);
  EXPECT_FALSE(signbit(rt::log(1.0f)));
  EXPECT_EQ(rt::log(0.0f), -kInf);
  EXPECT_EQ(rt::log(-0.0f), -kInf);
  EXPECT_EQ(rt::log(kInf), kInf);
  EXPECT_TRUE(isnan(rt::log(-1.0f)));
  EXPECT_TRUE(isnan(rt::log(-kInf)));
  EXPECT_TRUE(isnan(rt::log(kNan)));
  // Around 1 a careless logarithm loses all of its digits.
  float x = 0.9999f;
  for (int i = 0; i < 4000; ++i, x = nextafterf(x, 2)) expect_nearest(test::kLog, x, 0, rt::log(x));
}

TEST(Math, SinAndCosAtTheirEnds) {
  EXPECT_TRUE(test::same(rt::sin(0.0f), 0.0f));
  EXPECT_TRUE(test::same(rt::sin(-0.0f), -0.0f));
  EXPECT_EQ(rt::cos(0.0f), 1.0f);
  EXPECT_EQ(rt::sin(kLeast), kLeast);
  for (const float x : {kInf, -kInf, kNan}) {
    EXPECT_TRUE(isnan(rt::sin(x)));
    EXPECT_TRUE(isnan(rt::cos(x)));
  }
}

TEST(Math, SinIsOddAndCosIsEven) {
  for (float x = 1e-30f; x < 1e30f; x *= 1.01f) {
    EXPECT_EQ(rt::sin(-x), -rt::sin(x));
    EXPECT_EQ(rt::cos(-x), rt::cos(x));
  }
}

TEST(Math, SinAndCosOfMultiplesOfAQuarterTurn) {
  // The floats next to k * pi/2: nothing is left of the angle but its last bits.
  for (int k = 1; k < 100'000; ++k) {
    const float x = float(k * 1.5707963267948966);
    expect_close(test::kSin, test::kSinLimit, x, rt::sin(x));
    expect_close(test::kCos, test::kCosLimit, -x, rt::cos(-x));
  }
}

TEST(Math, SinAndCosOfRotaryAnglesUpToPosition100000) {
  for (uint32_t i = 0; i < 48; i += 2) {
    const float frequency = 1.0f / rt::pow(10000.0f, float(i) / 48.0f);
    for (uint32_t pos = 0; pos < 100'000; pos += 37) {
      expect_close(test::kSin, test::kSinLimit, float(pos) * frequency,
                   rt::sin(float(pos) * frequency));
      expect_close(test::kCos, test::kCosLimit, float(pos) * frequency,
                   rt::cos(float(pos) * frequency));
    }
  }
}

TEST(Math, PowAtItsEndsIsThatOfC) {
  const float bases[] = {0.0f,       kLeast, 0x1p-126f, 0.5f,  0.99999994f, 1.0f,
                         1.0000001f, 2.0f,   3.0f,      1e38f, kInf,        kNan};
  const float sizes[] = {0.0f,   kLeast, 0x1p-100f, 1e-10f, 0.5f,  1.0f, 2.0f, 3.0f,
                         149.0f, 150.0f, 151.0f,    1e10f,  1e38f, kInf, kNan};
  for (const float base : bases)
    for (const float size : sizes)
      for (const float exponent : {size, -size})
        expect_nearest(test::kPow, base, exponent, rt::pow(base, exponent));
}

TEST(Math, PowOfANegativeBaseIsNotANumber) {
  for (const float base : {-1.0f, -2.5f, -kInf}) EXPECT_TRUE(isnan(rt::pow(base, 2.0f)));
  EXPECT_EQ(rt::pow(-1.0f, 0.0f), 1.0f);
}

TEST(Math, PowGivesExactResultsAndEvenTies) {
  EXPECT_EQ(rt::pow(10000.0f, 0.25f), 10.0f);
  EXPECT_EQ(rt::pow(10000.0f, 0.5f), 100.0f);
  EXPECT_EQ(rt::pow(10000.0f, 0.75f), 1000.0f);
  EXPECT_EQ(rt::pow(10.0f, 10.0f), 1e10f);
  EXPECT_EQ(rt::pow(2.0f, -149.0f), kLeast);
  EXPECT_EQ(rt::pow(2.0f, -150.0f), 0.0f);  // half of the least, to the even 0
  EXPECT_EQ(rt::pow(4097.0f, 2.0f), 16785408.0f);
  EXPECT_EQ(rt::pow(4099.0f, 2.0f), 16801800.0f);
  for (uint32_t bits = 0; bits < 0x7f800000; bits += 997) {
    const float x = std::bit_cast<float>(bits);
    expect_nearest(test::kSquare, x, 2, rt::pow(x, 2));
    expect_nearest(test::kRoot, x, 0.5f, rt::pow(x, 0.5f));
  }
  for (float x = 4097; x < 8192; x += 2) expect_nearest(test::kSquare, x, 2, rt::pow(x, 2));
}

TEST(Math, PowOfRotaryFrequenciesIsTheNearestFloat) {
  for (const float base : {10000.0f, 500000.0f})
    for (uint32_t n = 2; n <= 512; n += 2)
      for (uint32_t i = 0; i < n; i += 2)
        expect_nearest(test::kPow, base, float(i) / float(n), rt::pow(base, float(i) / float(n)));
}

TEST(Math, PowOfRandomPairsIsTheNearestFloat) {
  rt::Random random(1);
  for (int i = 0; i < 2'000'000; ++i) {
    const float x = std::bit_cast<float>(random.next() >> 1);
    const float y = (random.uniform() - 0.5f) * 20;
    expect_nearest(test::kPow, x, y, rt::pow(x, y));
    if (HasFatalFailure()) return;
  }
}

}  // namespace
