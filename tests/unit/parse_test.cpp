#include "rt/parse.hpp"

#include <gtest/gtest.h>
#include <stdio.h>
#include <stdlib.h>

#include <bit>
#include <cmath>
#include <random>
#include <string>

namespace {

rt::Text text_of(const std::string& text) { return {text.data(), text.size()}; }

std::string trimmed(const std::string& text) {
  const rt::Text result = rt::trim(text_of(text));
  return std::string(result.data, result.size);
}

TEST(Parse, TrimTakesWhiteSpaceOffBothEndsOnly) {
  EXPECT_EQ(trimmed(" \t\r\n a b \n"), "a b");
  EXPECT_EQ(trimmed("a"), "a");
  EXPECT_EQ(trimmed(""), "");
  EXPECT_EQ(trimmed(" \n "), "");
}

TEST(Parse, ComparesInAnyCase) {
  for (const char* text : {"a.bin", "A.BIN", "a.Bin"}) EXPECT_TRUE(rt::is_any_case(text, "a.bin")) << text;
  for (const char* text : {"a.bi", "a.bind", "b.bin", "aNbin", ""}) EXPECT_FALSE(rt::is_any_case(text, "a.bin")) << text;
  // Each letter, and what stands beside letters in ASCII: @ and ` differ in the bit that makes capitals, [ and { too.
  for (int c = 1; c < 256; ++c)
    for (const int small : {0x60, 0x61, 0x7a, 0x7b, 0xe4}) {
      const char one = char(c), other[] = {char(small), 0};
      const bool same = c == small || (c >= 'A' && c <= 'Z' && c + 'a' - 'A' == small);
      EXPECT_EQ(rt::is_any_case({&one, 1}, other), same) << c << " " << small;
    }
  for (const char* text : {".bin", "x.BIN", "a.bin.bin"}) EXPECT_TRUE(rt::ends_with_any_case(text, ".bin")) << text;
  for (const char* text : {"bin", ".bin ", "", ".bi"}) EXPECT_FALSE(rt::ends_with_any_case(text, ".bin")) << text;
}

TEST(Parse, TakesWhatComesBeforeAnEndAndTheEndItself) {
  rt::Text text = "a|bc||d";
  for (const char* part : {"a", "bc", "", "d", ""}) EXPECT_TRUE(rt::take_until(text, '|') == part) << part;
  EXPECT_TRUE(text.empty());
}

template <class T, class Parser>
void expect_value(Parser parser, const std::string& text, T expected) {
  T value{};
  EXPECT_TRUE(parser(text_of(text), value)) << text;
  EXPECT_EQ(value, expected) << text;
}

template <class T, class Parser>
void expect_refusal(Parser parser, const std::string& text) {
  T value = T(77);
  EXPECT_FALSE(parser(text_of(text), value)) << text;
  EXPECT_EQ(value, T(77)) << "changed by " << text;
}

TEST(Parse, UnsignedNumbersUpToTheLargest) {
  expect_value<uint64_t>(rt::parse_u64, "0", 0);
  expect_value<uint64_t>(rt::parse_u64, "0012", 12);
  expect_value<uint64_t>(rt::parse_u64, "18446744073709551615", UINT64_MAX);
}

TEST(Parse, WhatIsNoUnsignedNumberIsRefused) {
  for (const char* text : {"", "-1", "+1", " 1", "1 ", "1a", "0x10", "18446744073709551616",
                           "18446744073709551620", "99999999999999999999", "1.0"})
    expect_refusal<uint64_t>(rt::parse_u64, text);
}

TEST(Parse, SignedNumbersUpToBothEnds) {
  expect_value<int64_t>(rt::parse_i64, "-1", -1);
  expect_value<int64_t>(rt::parse_i64, "+1", 1);
  expect_value<int64_t>(rt::parse_i64, "9223372036854775807", INT64_MAX);
  expect_value<int64_t>(rt::parse_i64, "-9223372036854775808", INT64_MIN);
}

TEST(Parse, WhatIsNoSignedNumberIsRefused) {
  for (const char* text :
       {"", "-", "+", "--1", "+-1", "9223372036854775808", "-9223372036854775809"})
    expect_refusal<int64_t>(rt::parse_i64, text);
}

TEST(Parse, FloatsInEveryFormAreRead) {
  expect_value<float>(rt::parse_f32, "1", 1);
  expect_value<float>(rt::parse_f32, "-.5", -0.5f);
  expect_value<float>(rt::parse_f32, "+5.", 5);
  expect_value<float>(rt::parse_f32, "1e-3", 1e-3f);
  expect_value<float>(rt::parse_f32, "2.5E+2", 250);
  expect_value<float>(rt::parse_f32, "0.9", 0.9f);
  expect_value<float>(rt::parse_f32, "00000000000000000000000001.50", 1.5f);
  expect_value<float>(rt::parse_f32, "0e999999999999999999999", 0);
  expect_value<float>(rt::parse_f32, "1e-18446744073709551616", 0);
  expect_value<float>(rt::parse_f32, "1" + std::string(60, '0') + "e-60", 1);
  expect_value<float>(rt::parse_f32, "0." + std::string(60, '0') + "1e61", 1);
}

TEST(Parse, WhatIsNoFloatIsRefused) {
  for (const char* text :
       {"", ".", "-", "e1", ".e1", "1e", "1e+", "1e1.", "1.2.3", "--1", "inf", "nan", "0x1p3", "1f",
        " 1", "1,5", "3.5e38", "1e39", "1e18446744073709551616"})
    expect_refusal<float>(rt::parse_f32, text);
}

TEST(Parse, NegativeZeroKeepsItsSign) {
  float value = 1;
  ASSERT_TRUE(rt::parse_f32("-0", value));
  EXPECT_TRUE(std::signbit(value));
}

TEST(Parse, TheEndsOfTheFloatRangeAreRounded) {
  expect_value<float>(rt::parse_f32, "3.4028235e38", 0x1.fffffep127f);
  expect_value<float>(rt::parse_f32, "3.402823567797336616e38", 0x1.fffffep127f);
  expect_refusal<float>(rt::parse_f32, "3.402823567797336617e38");  // past the middle to 2^128
  expect_value<float>(rt::parse_f32, "1.1754943508222875e-38", 0x1p-126f);
  expect_value<float>(rt::parse_f32, "1.1754942e-38", 0x1.fffffcp-127f);
  expect_value<float>(rt::parse_f32, "1.401298464324817e-45", 0x1p-149f);
  expect_value<float>(rt::parse_f32, "7.00649232162408536e-46", 0x1p-149f);  // above half of it
  expect_value<float>(rt::parse_f32, "7.00649232162408535e-46", 0);          // below
}

TEST(Parse, TiesGoToTheEvenFloatAndADigitBeyondDecides) {
  expect_value<float>(rt::parse_f32, "16777217", 16777216);
  expect_value<float>(rt::parse_f32, "16777219", 16777220);
  expect_value<float>(rt::parse_f32, "16777217.00000000001", 16777218);
  expect_value<float>(rt::parse_f32, "16777217.000000000000000000000000000001", 16777218);
  expect_value<float>(rt::parse_f32, "16777217.000000000000000000000000000000", 16777216);
}

TEST(Parse, EveryFloatSurvivesNineDigits) {
  char text[40];
  for (uint64_t bits = 0; bits < 0x7f800000; bits += 39'989) {
    const float expected = std::bit_cast<float>(uint32_t(bits));
    snprintf(text, sizeof text, "%.9g", double(expected));
    expect_value<float>(rt::parse_f32, text, expected);
  }
}

TEST(Parse, RandomDecimalsRoundAsTheHostsStrtof) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 50'000; ++i) {
    char text[60];
    const uint64_t digits = random() >> (random() % 60);
    const int exponent = int(random() % 60) - 50;
    snprintf(text, sizeof text, "%llu.%llue%d", (unsigned long long)(digits % 1000),
             (unsigned long long)(digits / 1000), exponent - 3);
    const float expected = strtof(text, nullptr);
    if (!std::isinf(expected)) expect_value<float>(rt::parse_f32, text, expected);
  }
}

TEST(Parse, MiddlesBetweenFloatsRoundAsTheHostsStrtof) {
  std::mt19937 random(2);
  for (int i = 0; i < 20'000; ++i) {
    // 17 digits of a middle: a hair to either side of it.
    const float below = std::bit_cast<float>(uint32_t(random() % 0x7f7fffff));
    const double middle = (double(below) + double(std::nextafterf(below, INFINITY))) / 2;
    char text[40];
    snprintf(text, sizeof text, "%.16e", middle);
    expect_value<float>(rt::parse_f32, text, strtof(text, nullptr));
  }
}

}  // namespace
