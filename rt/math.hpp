#pragma once

namespace rt {

/// Elementary functions of float: the same bits from every compiler, on every machine. Special
/// values (zeros, subnormals, infinities, NaN, overflow, underflow) are those of ISO C Annex F.
///
/// exp, sin and cos are computed in double and rounded once, with the short polynomials of ARM's
/// optimized routines, which glibc has used since 2.28: so the tokens are those of llama2.c even
/// where one rounding decides between two of them. log and pow are computed in 64-bit fixed point
/// and rounded once.

/// e^x.
float exp(float x);
/// Natural logarithm.
float log(float x);
/// Radians, of any size.
float sin(float x);
float cos(float x);
/// base^exponent for base >= 0; NaN for a negative base.
float pow(float base, float exponent);
/// Correctly rounded (one instruction).
float sqrt(float x);

}  // namespace rt
