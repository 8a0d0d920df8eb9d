#include "rt/format.hpp"

#include <gtest/gtest.h>
#include <stdio.h>

#include <bit>
#include <cfloat>
#include <cmath>
#include <random>
#include <string>
#include <vector>

// Formats are built from parts below, or wrong on purpose: the compiler need not check them.
#pragma clang diagnostic ignored "-Wformat-nonliteral"
#pragma clang diagnostic ignored "-Wformat-security"

namespace {

/// Keeps what was printed.
class StringSink final : public rt::Sink {
 public:
  void write(rt::Text text) override { out.append(text.data, text.size); }
  std::string out;
};

template <class... Values>
std::string printed(const char* format, Values... values) {
  StringSink sink;
  rt::print(sink, format, values...);
  return sink.out;
}

template <class... Values>
std::string host_printed(const char* format, Values... values) {
  std::string out(size_t(snprintf(nullptr, 0, format, values...)), 0);
  snprintf(out.data(), out.size() + 1, format, values...);
  return out;
}

template <class... Values>
void expect_as_host(const std::string& format, Values... values) {
  ASSERT_EQ(printed(format.c_str(), values...), host_printed(format.c_str(), values...)) << format;
}

/// Every flag and width, with one conversion.
template <class Value>
void expect_every_form(const std::string& conversion, Value value) {
  for (const char* flags : {"", "-", "0", "-0"})
    for (const char* width : {"", "1", "5", "12", "25"})
      expect_as_host("<%" + std::string(flags) + width + conversion + ">", value);
}

TEST(Format, IntegersLookLikeTheHosts) {
  for (const int value : {0, 1, -1, 9, 10, -10, 12345, -98765, INT_MAX, INT_MIN}) {
    expect_every_form("d", value);
    expect_every_form("u", unsigned(value));
    expect_every_form("x", unsigned(value));
  }
}

TEST(Format, LongIntegersLookLikeTheHosts) {
  for (const long long value :
       {0ll, 1ll, -1ll, 1'000'000'007ll, -12'345'678'901'234ll, LLONG_MAX, LLONG_MIN}) {
    expect_every_form("lld", value);
    expect_every_form("zd", ssize_t(value));
    expect_every_form("llu", (unsigned long long)value);
    expect_every_form("llx", (unsigned long long)value);
    expect_every_form("zu", size_t(value));
  }
}

TEST(Format, TextLooksLikeTheHosts) {
  for (const char* width : {"", "2", "9"})
    for (const char* flag : {"", "-"}) {
      for (const char* precision : {"", ".", ".0", ".2", ".4", ".9"})
        for (const char* value : {"", "a", "four", "\u00e9t\u00e9"})
          expect_as_host(std::string("<%") + flag + width + precision + "s>", value);
      expect_as_host(std::string("<%") + flag + width + "c>", 'x');
    }
  EXPECT_EQ(printed("%c", 0), std::string(1, '\0'));
  EXPECT_EQ(printed("100%%"), "100%");
}

TEST(Format, ANullTextIsNamed) {
  EXPECT_EQ(printed("%s", static_cast<const char*>(nullptr)), "(null)");
}

TEST(Format, TextNeedsNoTerminatorWithinItsPrecision) {
  const std::vector<char> bytes = {'a', 'b', 'c'};  // the sanitizer sees a read behind it
  EXPECT_EQ(printed("%.*s", 3, bytes.data()), "abc");
}

TEST(Format, WidthAndPrecisionMayBeArguments) {
  expect_as_host("<%*d>", 7, 42);
  expect_as_host("<%*d>", -7, 42);
  expect_as_host("<%*.*f>", 12, 3, 3.14159);
  expect_as_host("<%-*.*s>", 8, 2, "abc");
  const rt::Text text("abcdef", 3), empty;
  EXPECT_EQ(printed("%pT<%pT>%5pTT%-5pT|", &text, &empty, &text, &text), "abc<>  abcTabc  |");
  expect_as_host("<%.*f>", -1, 0.1);
}

TEST(Format, GroupsOfThreeDigitsAreParted) {
  EXPECT_EQ(printed("%'d", 0), "0");
  EXPECT_EQ(printed("%'d", 999), "999");
  EXPECT_EQ(printed("%'d", -1000), "-1,000");
  EXPECT_EQ(printed("%'u", 4294967295u), "4,294,967,295");
  EXPECT_EQ(printed("%'llu", 18446744073709551615ull), "18,446,744,073,709,551,615");
  EXPECT_EQ(printed("<%'10d>", 12345), "<    12,345>");
  EXPECT_EQ(printed("<%-'10d>", 12345), "<12,345    >");
  EXPECT_EQ(printed("%'.2f", 1234567.891), "1,234,567.89");
  EXPECT_EQ(printed("%'.0f", 999999.5), "1,000,000");
}

void expect_every_double_form(double value) {
  for (const char* places : {"", ".0", ".1", ".2", ".3", ".6", ".9", ".15"})
    if (std::abs(value) * std::pow(10, *places ? std::atoi(places + 1) : 6) < 0x1p63)
      expect_every_form(std::string(places) + "f", value);
}

TEST(Format, SpecialDoublesLookLikeTheHosts) {
  for (const double size :
       {0.0, 1.0, 0.1, 0.5, 1.5, 2.5, 0.25, 0.125, 0.375, 9.5, 99.5, 9.995, 99999.95, 0.0001, 0.00001, 0.000099999995,
        100000.0, 1000000.0, 123456789.0, 1e15, 1e16, 1e17, DBL_MIN, DBL_TRUE_MIN, DBL_EPSILON, 0x1.fffffffffffffp-1,
        0x1p-1074, 0x1.fffffffffffffp-1023, 4.35, 1.005, 5e-16, 0x1.fffffffffffffp-52, 0x1.8p-52}) {
    expect_every_double_form(size);
    expect_every_double_form(-size);
  }
  for (const double value : {double(INFINITY), -double(INFINITY), double(NAN), -double(NAN)}) expect_every_form("f", value);
}

TEST(Format, WhatDoesNotFitIn64BitsIsInfinite) {
  EXPECT_EQ(printed("%.0f", 0x1.fffffffffffffp63), "18446744073709549568");
  EXPECT_EQ(printed("%.0f", 0x1p64), "inf");
  EXPECT_EQ(printed("%.1f", -0x1p63), "-inf");
  EXPECT_EQ(printed("%06.2f", DBL_MAX), "   inf");
  EXPECT_EQ(printed("%.15f", 18446.0), "18446.000000000000000");
  EXPECT_EQ(printed("%.15f", 18447.0), "inf");
}

TEST(Format, NoMoreThanFifteenDigitsFollowThePoint) { EXPECT_EQ(printed("%.99f", 0.5), "0.500000000000000"); }

TEST(Format, TiesGoToTheEvenDigitAtEveryPlace) {
  // Odd multiples of 2^-k end in a 5 at place k: every precision below it sees a true tie or not.
  for (int k = 1; k <= 20; ++k)
    for (int odd = 1; odd < 64; odd += 2)
      for (int places = 0; places <= std::min(k, 15); ++places)
        expect_as_host("%." + std::to_string(places) + "f", std::ldexp(double(odd), -k));
}

TEST(Format, RandomDoublesLookLikeTheHosts) {
  std::mt19937_64 random(2);
  for (int i = 0; i < 4000; ++i) {
    const double mantissa = double(random() >> 11) * 0x1p-53;
    expect_every_double_form(mantissa * std::pow(10, int(random() % 34) - 16));
    expect_every_double_form(std::round(mantissa * 1e6) / 1000);  // short decimals
  }
}

TEST(Format, UnknownConversionsAreShownAsTheyAre) {
  EXPECT_EQ(printed("a %y b %d", 3), "a %y b 3");
  EXPECT_EQ(printed("%5.2k"), "%5.2k");
  for (const char* of_c : {"%i", "%e", "%g", "%X", "%p", "%ld", "%hd", "%+d", "% d", "%#x"}) EXPECT_EQ(printed(of_c), of_c);
  EXPECT_EQ(printed("50%"), "50%");
}

TEST(Format, LongTextReachesTheSinkWhole) {
  const std::string text(1000, 'x');
  EXPECT_EQ(printed("<%s>%d", text.c_str(), 7), "<" + text + ">7");
  EXPECT_EQ(printed("%300d", 7), std::string(299, ' ') + "7");
}

std::string cut(size_t room, const char* text) {
  std::vector<char> buffer(room, '?');  // the sanitizer sees a write behind it
  const rt::Text kept = rt::print_to({buffer.data(), buffer.size()}, "%s", text);
  EXPECT_EQ(kept.data, buffer.data());
  EXPECT_LT(kept.size, room);
  EXPECT_EQ(buffer[kept.size], 0);
  return std::string(kept.data, kept.size);
}

TEST(PrintTo, FillsTheBufferAndTerminatesIt) {
  EXPECT_EQ(cut(6, "abcde"), "abcde");
  EXPECT_EQ(cut(5, "abcde"), "abcd");
  EXPECT_EQ(cut(1, "abcde"), "");
}

TEST(PrintTo, AnEmptyBufferIsLeftAlone) { EXPECT_EQ(rt::print_to({}, "%s", "abc").size, 0u); }

TEST(PrintTo, CutsAtTheEndOfACharacter) {
  const std::string text = "a\u00e9\u20ac\U0001f600!";  // 1 + 2 + 3 + 4 + 1 bytes
  const size_t ends[] = {0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 11};
  for (size_t n = 0; n <= 11; ++n) EXPECT_EQ(cut(n + 1, text.c_str()), text.substr(0, ends[n]));
}

TEST(PrintTo, WhatIsNotCutIsKeptEvenIfItIsNoUtf8) {
  EXPECT_EQ(cut(4, "ab\xe2"), "ab\xe2");
  EXPECT_EQ(cut(4, "\x80\x80\x80"), "\x80\x80\x80");
}

TEST(PrintTo, ACutInBrokenUtf8TerminatesToo) {
  EXPECT_EQ(cut(6, "\x80\x80\x80\x80\x80\x80\x80").size(), 5u);
}

}  // namespace
