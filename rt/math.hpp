#pragma once

namespace rt {

/// Elementary functions of float: the same bits from every compiler, on every machine. Special
/// values (zeros, subnormals, infinities, NaN, overflow, underflow) are those of ISO C Annex F.
///
/// exp, sin and cos are computed in double and rounded once, with the short polynomials of ARM's
/// optimized routines, which glibc has used since 2.28: so the tokens are those of llama2.c even
/// where one rounding decides between two of them. log and pow are computed in 64-bit fixed point
/// and rounded once.
///
/// The errors, in units of the last place, are those that tests/unit/math_sweep found, which tries
/// every float against the host's libm in long double.

/// e^x. Error at most 0.5017; the nearest float but for 1 of 25,000.
float exp(float x);
/// Natural logarithm: the nearest float, always.
float log(float x);
/// Radians, of any size. Error of sin at most 0.561; of cos as well, but for 0.776 at +-41 pi/2.
float sin(float x);
float cos(float x);
/// base^exponent for base >= 0 (-0 is 0); NaN for a negative base. The nearest float, ties to even,
/// for every square, root and inverse, for the powers of rotary embeddings (b^(i/n), n <= 4096, b
/// one of 10^4, 10^5, 5*10^5, 10^6), and for a thousand million random pairs.
float pow(float base, float exponent);
/// Correctly rounded (one instruction).
float sqrt(float x);

}  // namespace rt
