#include "rt/format.hpp"

#include <gtest/gtest.h>
#include <stdio.h>

#include <bit>
#include <cfloat>
#include <cmath>
#include <random>
#include <string>
#include <vector>

#include "rt/decimal.hpp"

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

const std::vector<std::string> kFlags = {"",   "-",  "+",  " ",  "0",   "#",   "-+",
                                         "+0", "-0", " 0", "#0", "+ 0", "-#+", "- #"};

/// Every flag, width and precision, with one conversion.
template <class Value>
void expect_every_form(const std::string& conversion, Value value) {
  for (const std::string& flags : kFlags)
    for (const char* width : {"", "1", "5", "12", "25"})
      for (const char* precision : {"", ".", ".0", ".1", ".3", ".10", ".20"})
        expect_as_host("<%" + flags + width + precision + conversion + ">", value);
}

TEST(Format, IntegersLookLikeTheHosts) {
  for (const int value : {0, 1, -1, 9, 10, -10, 12345, -98765, INT_MAX, INT_MIN}) {
    expect_every_form("d", value);
    expect_every_form("i", value);
    expect_every_form("hd", value);
    expect_every_form("hhd", value);
    expect_every_form("u", unsigned(value));
    expect_every_form("x", unsigned(value));
    expect_every_form("X", unsigned(value));
    expect_every_form("hu", unsigned(value));
    expect_every_form("hhx", unsigned(value));
  }
}

TEST(Format, LongIntegersLookLikeTheHosts) {
  for (const long long value :
       {0ll, 1ll, -1ll, 1'000'000'007ll, -12'345'678'901'234ll, LLONG_MAX, LLONG_MIN}) {
    expect_every_form("lld", value);
    expect_every_form("ld", long(value));
    expect_every_form("td", ptrdiff_t(value));
    expect_every_form("zd", ssize_t(value));
    expect_every_form("llu", (unsigned long long)value);
    expect_every_form("llX", (unsigned long long)value);
    expect_every_form("lx", (unsigned long)value);
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
  expect_as_host("<%.*d>", 5, 42);
  expect_as_host("<%.*d>", -5, 42);
  expect_as_host("<%*.*f>", 12, 3, 3.14159);
  expect_as_host("<%-*.*s>", 8, 2, "abc");
  const rt::Text text("abcdef", 3), empty;
  EXPECT_EQ(printed("%pT<%pT>%5pTT%-5pT|", &text, &empty, &text, &text), "abc<>  abcTabc  |");
  EXPECT_EQ(printed("%pS %p", nullptr, nullptr), "0x0S 0x0");
  expect_as_host("<%.*f>", -1, 0.1);
}

TEST(Format, PointersAreHexadecimal) {
  EXPECT_EQ(printed("%p", reinterpret_cast<void*>(0xdeadbeef12)), "0xdeadbeef12");
  EXPECT_EQ(printed("%p", static_cast<void*>(nullptr)), "0x0");
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
  EXPECT_EQ(printed("%'g", 123456.0), "123,456");
  EXPECT_EQ(printed("%'x", 0x123456u), "123456");
}

const std::vector<std::string> kDoubleForms = {
    "%f",    "%.0f",    "%.1f",     "%.2f",  "%.3f",   "%.6f",    "%.9f",  "%.15f",
    "%.17f", "%g",      "%.0g",     "%.1g",  "%.3g",   "%.9g",    "%.17g", "%.25g",
    "%#g",   "%#.0f",   "%e",       "%.0e",  "%.3e",   "%.17e",   "%#.0e", "%+.2f",
    "% .2f", "%010.3f", "%-14.4g|", "%14g|", "%+#.9g", "%030.20e"};

void expect_every_double_form(double value) {
  for (const std::string& form : kDoubleForms) expect_as_host(form, value);
}

TEST(Format, SpecialDoublesLookLikeTheHosts) {
  for (const double size : {0.0,
                            1.0,
                            0.1,
                            0.5,
                            1.5,
                            2.5,
                            0.25,
                            0.125,
                            0.375,
                            9.5,
                            99.5,
                            9.995,
                            99999.95,
                            0.0001,
                            0.00001,
                            0.000099999995,
                            100000.0,
                            1000000.0,
                            123456789.0,
                            1e15,
                            1e16,
                            1e17,
                            1e22,
                            1e23,
                            1e100,
                            DBL_MAX,
                            DBL_MIN,
                            DBL_TRUE_MIN,
                            DBL_EPSILON,
                            0x1.fffffffffffffp-1,
                            0x1p-1074,
                            0x1.fffffffffffffp-1023,
                            4.35,
                            1.005,
                            double(INFINITY),
                            double(NAN)}) {
    expect_every_double_form(size);
    expect_every_double_form(-size);
  }
}

TEST(Format, RoundingUpToAPowerOfTenChangesTheStyleOfG) {
  EXPECT_EQ(printed("%g", 999999.5), "1e+06");
  EXPECT_EQ(printed("%#g", 999999.5), "1.00000e+06");  // glibc 2.36 loses these zeros
  EXPECT_EQ(printed("%g", 0.000099999995), "0.0001");
}

TEST(Format, EveryDigitOfTheExtremesIsExact) {
  for (const double value :
       {DBL_MAX, DBL_MIN, DBL_TRUE_MIN, 0x1.fffffffffffffp-1022, 0x1.5555555555555p1000}) {
    expect_as_host("%.1074f", value);
    expect_as_host("%.1100f", value);
    expect_as_host("%.767g", value);
    expect_as_host("%.1090e", value);
    expect_as_host("%.1073f", value);
  }
  expect_as_host("%.3000f", 0.1);
}

TEST(Format, TiesGoToTheEvenDigitAtEveryPlace) {
  // Odd multiples of 2^-k end in a 5 at place k: every precision below it sees a true tie or not.
  for (int k = 1; k <= 20; ++k)
    for (int odd = 1; odd < 64; odd += 2)
      for (int places = 0; places <= k; ++places) {
        expect_as_host("%." + std::to_string(places) + "f", std::ldexp(double(odd), -k));
        expect_as_host("%." + std::to_string(places) + "e", std::ldexp(double(odd), -k));
        expect_as_host("%." + std::to_string(places) + "g", std::ldexp(double(odd), -k));
      }
  for (int i = 1; i < 2000; ++i) expect_as_host("%.2g %.1e", i * 5.0, i * 5.0);
}

TEST(Format, RandomDoublesLookLikeTheHosts) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 1000; ++i) expect_every_double_form(std::bit_cast<double>(random()));
}

TEST(Format, RandomDoublesOfUsualSizeLookLikeTheHosts) {
  std::mt19937_64 random(2);
  for (int i = 0; i < 1500; ++i) {
    const double mantissa = double(random() >> 11) * 0x1p-53;
    expect_every_double_form(mantissa * std::pow(10, int(random() % 24) - 8));
    expect_every_double_form(std::round(mantissa * 1e6) / 1000);  // short decimals
  }
}

TEST(Decimal, RoundsBeforeThePointToo) {
  rt::Decimal value(12350);
  value.round(-2);
  EXPECT_TRUE(value.whole() == "12400");
  EXPECT_TRUE(value.fraction(1) == ".0");
  EXPECT_EQ(value.exponent(), 4);
  EXPECT_EQ(value.last_place(), -2);
  value.move_point();
  EXPECT_TRUE(value.whole() == "1");
  EXPECT_TRUE(value.fraction(3) == ".240");
}

TEST(Format, UnknownConversionsAreShownAsTheyAre) {
  EXPECT_EQ(printed("a %y b %d", 3), "a %y b 3");
  EXPECT_EQ(printed("%5.2k"), "%5.2k");
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
