#pragma once

namespace rt {

/// Elementary functions of float, computed in 64-bit integers (fixed point) and rounded once: the
/// same bits from every compiler, on every machine, and quick where floating point is emulated.
/// Special values (zeros, subnormals, infinities, NaN, overflow, underflow) are those of ISO C
/// Annex F. What tests/unit/math_sweep found is said with each function.

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
