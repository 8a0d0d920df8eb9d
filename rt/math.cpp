#include "rt/math.hpp"

#include "rt/math_tables.hpp"

namespace rt {
namespace {

using uint128 = unsigned __int128;
using int128 = __int128;

// "Q63" is a fixed-point number with 63 bits behind the point, and so on.

constexpr uint32_t kInfinity = 0x7f800000;
constexpr float kNan = __builtin_bit_cast(float, 0x7fc00000u);

uint64_t high(uint64_t a, uint64_t b) { return uint64_t(uint128{a} * b >> 64); }

uint32_t to_bits(float x) { return __builtin_bit_cast(uint32_t, x); }
float from_bits(uint32_t bits) { return __builtin_bit_cast(float, bits); }

/// mantissa / 2^dropped, to the nearest, ties to even. 1 <= dropped <= 64.
uint32_t drop_bits(uint64_t mantissa, int dropped) {
  const uint64_t kept = mantissa >> 1 >> (dropped - 1);
  const uint64_t rest = mantissa << (64 - dropped);
  return uint32_t(kept + (rest + (kept & 1) > uint64_t{1} << 63));
}

/// As round_to_float, where the float is subnormal, 0 or infinite.
[[gnu::noinline]] uint32_t round_to_extreme(uint64_t mantissa, int exponent) {
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

/// 2^f in Q63, from f in Q64. Relative error below 2^-56.
uint64_t exp2_fraction(uint64_t f) {
  // f = i/64 + g/64. 2^(g/64) - 1 is a polynomial in g: all in Q64.
  const uint64_t g = f << 6;
  uint64_t sum = kExp2Polynomial[4];
  for (int k = 3; k >= 0; --k) sum = high(sum, g) + kExp2Polynomial[k];
  const uint64_t base = kExp2Table[f >> 58];
  return base + high(base, high(sum, g));
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

/// x in quarter turns: x * 2/pi modulo 4, in Q126. Error below 2^-101. |x| >= 2^-12.
uint128 quarter_turns(Parts x) {
  // Bits of 2/pi that make whole turns of this x are skipped.
  const int skip = x.exponent + 39;
  const uint64_t* word = kTwoOverPi + skip / 64;
  const int bit = skip % 64;
  uint64_t high = word[0], low = word[1];
  if (bit) {
    high = high << bit | low >> (64 - bit);
    low = low << bit | word[2] >> (64 - bit);
  }
  return (uint128{high} << 64 | low) * x.mantissa;
}

/// sin(x + quarter * pi/2)
float sine(float x, uint32_t quarter) {
  const uint32_t bits = to_bits(x) & 0x7fffffff;
  if (bits >= kInfinity) return kNan;
  if (bits < to_bits(0x1p-12f)) return quarter ? 1 : x;  // nearer to it than to any other float
  // The nearest quarter turn, and what is left: at most half a quarter either way, Q128.
  const uint128 turns = quarter_turns(split(x));
  uint128 rest = turns << 2;
  const bool below = rest >> 127;
  if (below) rest = -rest;
  quarter = (quarter + uint32_t(turns >> 126) + below) & 3;
  const bool odd = quarter & 1;

  const uint64_t square = high(uint64_t(rest >> 64), uint64_t(rest >> 64));  // Q64
  uint64_t sum = 0;
  const uint64_t* const terms = odd ? kCosineTaylor : kSineTaylor;
  for (int k = odd ? 9 : 8; k >= 0; --k) sum = terms[k] - high(sum, square);

  const bool negative = quarter & 2;
  if (odd) return round_to_float(negative, sum, 0);
  const Magnitude angle = normalise(int128(rest));
  return round_to_float(negative ^ below, high(sum, angle.mantissa), -angle.leading);
}

}  // namespace

float exp(float x) {
  const uint32_t bits = to_bits(x), size = bits & 0x7fffffff;
  if (size >= to_bits(128)) {
    if (size > kInfinity) return x;
    return bits >> 31 ? 0 : from_bits(kInfinity);
  }
  if (size < to_bits(0x1p-26f)) return 1;
  // x * log2(e) = n + f, as a product in Q119.
  const uint64_t fixed = uint64_t((size & 0x7fffff) | 0x800000) << ((size >> 23) - 94);  // Q56
  const uint128 product = uint128{fixed} * 0xb8aa3b295c17f0bc;                           // Q63
  const uint64_t flip = bits >> 31 ? ~uint64_t{0} : 0;  // -a is ~a, but for a bit far below
  const uint64_t top = uint64_t(product >> 64) ^ flip, low = uint64_t(product) ^ flip;
  return round_to_float(exp2_fraction(top << 9 | low >> 55), int(int64_t(top) >> 55));
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

float cos(float x) { return sine(x, 1); }

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

// Not __builtin_sqrtf: without -fno-math-errno that calls sqrtf, which sets errno.
float sqrt(float x) {
#if defined(__aarch64__)
  asm("fsqrt %s0, %s0" : "+w"(x));
#else
  asm("sqrtss %0, %0" : "+x"(x));
#endif
  return x;
}

}  // namespace rt
