#pragma once
#include <math.h>
#include <stdint.h>

#include <bit>
#include <initializer_list>
#include <limits>

namespace test {

/// The float nearest to a function's exact value, found with the host's libm: in double, and where
/// that falls too near to the middle between two floats, in long double (64 bits).
class Reference {
 public:
  using Double = double (*)(double, double);
  using LongDouble = long double (*)(long double, long double);

  constexpr Reference(Double f, LongDouble g) : double_(f), long_double_(g) {}

  /// `undecided` is counted up when even long double is too near to a middle.
  float nearest(float x, float y, uint64_t& undecided) const {
    const double value = double_(x, y);
    const uint64_t tail = std::bit_cast<uint64_t>(value) & kTail;
    const bool near_middle = tail - (kMiddle - 8) <= 16;
    const bool subnormal = fabs(value) < std::numeric_limits<float>::min() && value != 0;
    if (!near_middle && !subnormal) return float(value);
    const long double finer = long_double_(x, y);
    if (!subnormal) undecided += too_near(finer);
    return float(finer);
  }

  /// |result - exact| in units of result's last place; 0 for two equal infinities or two NaN.
  double error(float x, float y, float result) const {
    constexpr float kInfinity = std::numeric_limits<float>::infinity();
    const long double exact = long_double_(x, y);
    if (result == float(exact) || (result != result && exact != exact)) {
      if (!(fabsf(result) < kInfinity)) return 0;
    }
    const long double ulp = (long double)nextafterf(fabsf(result), kInfinity) - fabsf(result);
    return double(fabsl(result - exact) / ulp);
  }

 private:
  static constexpr uint64_t kMiddle = uint64_t{1} << 28;  // 53 - 24 bits are dropped
  static constexpr uint64_t kTail = 2 * kMiddle - 1;

  /// 64 - 24 = 40 bits are dropped. A value exactly in the middle is taken to be exact.
  static bool too_near(long double value) {
    int exponent;
    const uint64_t mantissa = uint64_t(ldexpl(fabsl(frexpl(value, &exponent)), 64));
    const uint64_t tail = mantissa & ((uint64_t{1} << 40) - 1);
    const uint64_t middle = uint64_t{1} << 39;
    return tail != middle && tail - (middle - 4) <= 8;
  }

  Double double_;
  LongDouble long_double_;
};

// What rt/math.hpp promises, in units of the last place; the others give the nearest float.
inline constexpr double kExpLimit = 0.5017, kSinLimit = 0.561, kCosLimit = 0.776;

/// Equal bits, or both NaN.
inline bool same(float a, float b) {
  return std::bit_cast<uint32_t>(a) == std::bit_cast<uint32_t>(b) || (a != a && b != b);
}

inline constexpr Reference kExp{[](double x, double) { return exp(x); },
                                [](long double x, long double) { return expl(x); }};
inline constexpr Reference kLog{[](double x, double) { return log(x); },
                                [](long double x, long double) { return logl(x); }};
inline constexpr Reference kSin{[](double x, double) { return sin(x); },
                                [](long double x, long double) { return sinl(x); }};
inline constexpr Reference kCos{[](double x, double) { return cos(x); },
                                [](long double x, long double) { return cosl(x); }};
inline constexpr Reference kPow{[](double x, double y) { return pow(x, y); },
                                [](long double x, long double y) { return powl(x, y); }};
// x^2, x^(1/2) and 1/x are exact or correctly rounded in double: a check that needs no trust.
inline constexpr Reference kSquare{[](double x, double) { return x * x; },
                                   [](long double x, long double) { return x * x; }};
inline constexpr Reference kRoot{[](double x, double) { return sqrt(x); },
                                 [](long double x, long double) { return sqrtl(x); }};
inline constexpr Reference kInverse{[](double x, double) { return 1 / x; },
                                    [](long double x, long double) { return 1 / x; }};

}  // namespace test
