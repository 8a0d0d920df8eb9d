#pragma once
#include "rt/span.hpp"

namespace rt {

/// All decimal digits of |x|: every finite double has an exact expansion, of at most 309 digits
/// before the point and 1074 after it.
class Decimal {
 public:
  explicit Decimal(double x);

  /// Rounds to `places` digits after the point; to tens, hundreds, ... when negative (not below
  /// -exponent()). Ties go to the even digit.
  void round(int64_t places);

  /// The power of ten of the first digit; 0 for zero.
  int64_t exponent() const { return point_ - first_ - (first_ < point_); }
  /// Places after the point up to the last digit that is not 0; negative when that is a 10, 100...
  int64_t last_place() const;
  /// Puts the point behind the first digit: the mantissa of scientific notation.
  void move_point();

  /// The digits before the point, at least one.
  Text whole() const;
  /// The point and at most `places` digits: what is missing is all zeros.
  Text fraction(int64_t places) const;

 private:
  static constexpr int kGroup = 9;  // digits in a limb
  static constexpr int kWholeLimbs = 35, kFractionLimbs = 120;
  static constexpr int kSize = (kWholeLimbs + kFractionLimbs) * kGroup + 1;

  void find_first();

  char text_[kSize];                      // 000123.4500000
  int point_ = kWholeLimbs * kGroup;      // where the point is
  int first_ = kWholeLimbs * kGroup - 1;  // the first digit that is not 0, or the unit's
};

}  // namespace rt
