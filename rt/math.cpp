#include "rt/math.hpp"

#include "rt/exp.hpp"
#include "rt/math_tables.hpp"

namespace rt {

const uint64_t kExpTable[32] = {
    0x3ff0000000000000, 0x3fefd9b0d3158574, 0x3fefb5586cf9890f, 0x3fef9301d0125b51,
    0x3fef72b83c7d517b, 0x3fef54873168b9aa, 0x3fef387a6e756238, 0x3fef1e9df51fdee1,
    0x3fef06fe0a31b715, 0x3feef1a7373aa9cb, 0x3feedea64c123422, 0x3feece086061892d,
    0x3feebfdad5362a27, 0x3feeb42b569d4f82, 0x3feeab07dd485429, 0x3feea47eb03a5585,
    0x3feea09e667f3bcd, 0x3fee9f75e8ec5f74, 0x3feea11473eb0187, 0x3feea589994cce13,
    0x3feeace5422aa0db, 0x3feeb737b0cdc5e5, 0x3feec49182a3f090, 0x3feed503b23e255d,
    0x3feee89f995ad3ad, 0x3feeff76f2fb5e47, 0x3fef199bdd85529c, 0x3fef3720dcef9069,
    0x3fef5818dcfba487, 0x3fef7c97337b9b5f, 0x3fefa4afa2a490da, 0x3fefd0765b6e4540,
};

namespace {

using uint128 = unsigned __int128;
using int128 = __int128;

// "Q63" is a fixed-point number with 63 bits behind the point, and so on.

constexpr uint32_t kInfinity = 0x7f800000;
constexpr float kNan = __builtin_bit_cast(float, 0x7fc00000u);

inline uint64_t high(uint64_t a, uint64_t b) { return uint64_t(uint128{a} * b >> 64); }

uint32_t to_bits(float x) { return __builtin_bit_cast(uint32_t, x); }
float from_bits(uint32_t bits) { return __builtin_bit_cast(float, bits); }

/// mantissa / 2^dropped, to the nearest, ties to even. 1 <= dropped <= 64.
uint32_t drop_bits(uint64_t mantissa, int dropped) {
  const uint64_t kept = mantissa >> 1 >> (dropped - 1);
  const uint64_t rest = mantissa << (64 - dropped);
  return uint32_t(kept + (rest + (kept & 1) > uint64_t{1} << 63));
}

/// As round_to_float, where the float is subnormal, 0 or infinite.
uint32_t round_to_extreme(uint64_t mantissa, int exponent) {
  if (exponent > 0) return kInfinity;
  return exponent < -150 ? 0 : drop_bits(mantissa, -86 - exponent);
}

/// The nearest float, ties to even, of mantissa * 2^(exponent - 63); the mantissa's top bit is set.
float round_to_float(uint64_t mantissa, int exponent) {
  if (exponent < -126 || exponent > 127) return from_bits(round_to_extreme(mantissa, exponent));
  // The mantissa's top bit, and a carry, count as 1 in the exponent field.
  return from_bits((uint32_t(exponent + 126) << 23) + drop_bits(mantissa, 40));
}

/// The same with a sign, and for a mantissa from 2^62 on.
float round_to_float(bool negative, uint64_t mantissa, int exponent) {
  if (!(mantissa >> 63)) mantissa <<= 1, --exponent;
  const float size = round_to_float(mantissa, exponent);
  return negative ? -size : size;
}

/// A finite float that is not 0: mantissa * 2^(exponent - 23), 2^23 <= mantissa < 2^24.
struct Parts {
  uint32_t mantissa;
  int exponent;
};

Parts split(float x) {
  const uint32_t bits = to_bits(x) & 0x7fffffff;
  if (bits >> 23) return {(bits & 0x7fffff) | 0x800000, int(bits >> 23) - 127};
  const int shift = __builtin_clz(bits) - 8;
  return {bits << shift, -126 - shift};
}

/// 2^f in Q63, from f in Q64. Relative error below 2^-56. Inline even where the program is built
/// small: exp() is made of it.
[[gnu::always_inline]] inline uint64_t exp2_fraction(uint64_t f) {
  // f = i/64 + g/64. 2^(g/64) - 1 is a polynomial in g: all in Q64.
  const uint64_t g = f << 6;
  const uint64_t* const c = kExp2Polynomial;
  const uint64_t sum = c[0] + high(g, c[1] + high(g, c[2] + high(g, c[3] + high(g, c[4]))));
  const uint64_t base = kExp2Table[f >> 58];
  return base + high(base, high(g, sum));
}

/// log2 of mantissa * 2^(exponent - 23) in Q93. Error below 2^-60 of the result.
int128 log2_fixed(Parts x) {
  const uint32_t i = x.mantissa >> 19 & 15;
  const Log2Entry& entry = kLog2Table[i];
  // From 1.5 on, count from the next power of two: around 1 nothing cancels.
  const int64_t whole = x.exponent + (i >= 8);
  // mantissa * factor = 1 + z, exactly; log2(1 + z) = z * (1 - z/2 + z^2/3 - ...) / ln 2
  const int64_t z = int64_t{x.mantissa} * entry.factor - (int64_t{1} << 31);  // Q31, |z| <= 1/16
  constexpr uint64_t kLog2e = 0x5c551d94ae0bf85e;                             // 1 / ln 2 in Q62
  int64_t sum = 0;
  for (int k = 16; k >= 1; --k)
    sum = int64_t(kLog2e / uint64_t(k)) - int64_t(int128{sum} * z >> 31);
  return (int128{whole} << 93) + (int128{entry.log2} << 30) + int128{sum} * z;
}

/// A fixed-point number's absolute value with its top bit set; not 0.
struct Magnitude {
  bool negative;
  uint64_t mantissa;
  int leading;  // zero bits that were in front
};

Magnitude normalise(int128 x) {
  uint128 value = x < 0 ? -uint128(x) : uint128(x);
  const uint64_t top = uint64_t(value >> 64);
  const int leading = top ? __builtin_clzll(top) : 64 + __builtin_clzll(uint64_t(value));
  return {x < 0, uint64_t(value << leading >> 64), leading};
}

/// x in quarter turns: x * 2/pi modulo 4, in Q126. Error below 2^-101. |x| >= 2^-39.
uint128 quarter_turns(Parts x) {
  // Bits of 2/pi that make whole turns of this x are skipped.
  const int skip = x.exponent + 39;
  const uint64_t* word = kTwoOverPi + skip / 64;
  const int bit = skip % 64;
  uint64_t upper = word[0], lower = word[1];
  if (bit) {
    upper = upper << bit | lower >> (64 - bit);
    lower = lower << bit | word[2] >> (64 - bit);
  }
  return (uint128{upper} << 64 | lower) * x.mantissa;
}

/// An angle as quarter turns (modulo 4) and what is left: at most pi/4 either way, in radians.
struct Angle {
  uint32_t quarters;
  double rest;
};

Angle reduce(float x) {
  constexpr double kQuarter = 0x1.921fb54442d18p+0;  // pi/2
  if (x < 120.0f) {
    const auto turns = int32_t(double(x) * 0x1.45f306dc9c883p+23);  // x * 2/pi in Q24
    const int32_t quarters = (turns + (1 << 23)) >> 24;
    return {uint32_t(quarters), double(x) - quarters * kQuarter};
  }
  const uint128 turns = quarter_turns(split(x));
  const int64_t rest = int64_t(uint64_t(turns >> 62));  // Q64, the nearest quarter taken off
  return {uint32_t(turns >> 126) + (rest < 0), double(rest) * (kQuarter * 0x1p-64)};
}

/// sin(x + quarter * pi/2), x >= 0. The polynomials are short: what they miss, at most 0.06 ulp,
/// they share with the C library that most people run llama2.c with (math.hpp).
float sine(float x, uint32_t quarter) {
  if (to_bits(x) >= kInfinity) return kNan;
  const Angle angle = reduce(x);
  const double y = angle.rest, square = y * y;
  quarter += angle.quarters;
  double value;
  if (quarter & 1) {
    const double upper = -0x1.6c087e89a359dp-10 + square * 0x1.99343027bf8c3p-16;
    const double fourth = square * square;
    value = 1.0 + square * -0x1.ffffffd0c621cp-2 + fourth * 0x1.55553e1068f19p-5 +
            fourth * square * upper;
  } else {
    const double upper = 0x1.1107605230bc4p-7 + square * -0x1.994eb3774cf24p-13;
    const double cube = y * square;
    value = y + cube * -0x1.555545995a603p-3 + cube * square * upper;
  }
  return float(quarter & 2 ? -value : value);
}

}  // namespace

float exp_in_double(float x) {
  // Written so that what is no number goes through.
  x = kExpMost < x ? kExpMost : x;
  x = kExpLeast > x ? kExpLeast : x;
  const double z = kExpScale * double(x), shifted = z + kExpShift;
  const double r = z - (shifted - kExpShift);
  const uint64_t k = __builtin_bit_cast(uint64_t, shifted);
  const double scale = __builtin_bit_cast(double, kExpTable[k % 32] + (k << 47));
  const double high = kExpC3 * r + kExpC2, low = kExpC1 * r + 1.0;
  return float((high * (r * r) + low) * scale);
}

// exp() runs thousands of times for a token, and an emulator needs 90 ns for the steps above, 20
// for these. Before rounding, the value in double is at most 0.0017 units in the last place off:
// unless the exact value is that near to the middle between two floats, both round to the same one.
float exp(float x) {
  const uint32_t bits = to_bits(x), size = bits & 0x7fffffff;
  const uint32_t least = to_bits(0x1p-26f), most = to_bits(87);  // the result is a normal float
  if (size < least || size >= most) return exp_in_double(x);
  // x * log2(e) = n + f, as a product in Q119.
  const uint64_t fixed = uint64_t((size & 0x7fffff) | 0x800000) << ((size >> 23) - 94);  // Q56
  const uint128 product = uint128{fixed} * 0xb8aa3b295c17f0bc;                           // Q63
  const uint64_t flip = bits >> 31 ? ~uint64_t{0} : 0;  // -a is ~a, but for a bit far below
  const uint64_t top = uint64_t(product >> 64) ^ flip, low = uint64_t(product) ^ flip;
  const uint64_t mantissa = exp2_fraction(top << 9 | low >> 55);

  constexpr uint64_t kMiddle = uint64_t{1} << 39, kUnsure = kMiddle / 256;  // 0.002 of 2^40
  if ((mantissa + kUnsure - kMiddle) % (2 * kMiddle) <= 2 * kUnsure) return exp_in_double(x);
  const uint32_t exponent = uint32_t(int64_t(top) >> 55) + 126;  // the mantissa's top bit adds 1
  return from_bits((exponent << 23) + uint32_t(((mantissa >> 39) + 1) >> 1));
}

float log(float x) {
  const uint32_t bits = to_bits(x);
  if ((bits & 0x7fffffff) == 0) return -from_bits(kInfinity);
  if ((bits & 0x7fffffff) > kInfinity || bits == kInfinity) return x;
  if (bits >> 31) return kNan;
  if (x == 1) return 0;
  const Magnitude log2 = normalise(log2_fixed(split(x)));
  constexpr uint64_t kLn2 = 0xb17217f7d1cf79ac;  // Q64
  return round_to_float(log2.negative, high(log2.mantissa, kLn2), 34 - log2.leading);
}

float sin(float x) {
  const float y = sine(from_bits(to_bits(x) & 0x7fffffff), 0);
  return to_bits(x) >> 31 ? -y : y;
}

float cos(float x) { return sine(from_bits(to_bits(x) & 0x7fffffff), 1); }

namespace {

/// pow() where either is 0 or infinite, and the exponent is not 0 nor the base 1.
float pow_of_extremes(float base, float exponent) {
  const bool grows = (base > 1) == (exponent > 0);
  return grows ? from_bits(kInfinity) : 0;
}

}  // namespace

float pow(float base, float exponent) {
  if (exponent == 0 || base == 1) return 1;
  if (base != base || exponent != exponent) return base + exponent;
  if (base < 0) return kNan;
  if (base == 0 || to_bits(base) == kInfinity || (to_bits(exponent) & 0x7fffffff) == kInfinity)
    return pow_of_extremes(base, exponent);

  const Magnitude log2 = normalise(log2_fixed(split(base)));
  const Parts factor = split(exponent);
  // |exponent * log2(base)| = product * 2^(shift - 64)
  const uint128 product = uint128{log2.mantissa} * factor.mantissa;  // 2^86 or more
  const int shift = factor.exponent - log2.leading + 12;
  const bool negative = log2.negative != (exponent < 0);
  if (shift > -15) return negative ? 0 : from_bits(kInfinity);  // 2^(+-256) or beyond
  if (shift < -100) return 1;
  const uint128 size = product >> -shift;
  const uint128 power = negative ? -size : size;
  uint64_t mantissa = exp2_fraction(uint64_t(power));
  int whole = int(int64_t(power >> 64));

  // A result of 25 bits or fewer is exact, or a tie. Others as near to one are rare.
  constexpr uint64_t kNear = 1 << 11, kStep = uint64_t{1} << 39;
  if ((mantissa + kNear) % kStep <= 2 * kNear) {
    mantissa = (mantissa + kNear) & ~(kStep - 1);
    if (mantissa == 0) mantissa = uint64_t{1} << 63, ++whole;
  }
  return round_to_float(mantissa, whole);
}

// An instruction everywhere: with -fno-math-errno no call of sqrtf, which would set errno.
float sqrt(float x) { return __builtin_sqrtf(x); }

}  // namespace rt
