#include "rt/decimal.hpp"

#include "rt/memory.hpp"

namespace rt {
namespace {

constexpr uint32_t kBase = 1'000'000'000;  // of a limb; 2^9 divides it

/// limbs * 2^exponent, where limb number `unit` is the one before the point; the highest limb
/// comes first. Exact: there are limbs for every bit of every double.
void scale(uint32_t* limbs, int unit, int exponent) {
  while (exponent > 0) {
    const int step = min(exponent, 32);
    uint64_t carry = 0;
    for (int i = unit; i >= 0; --i) {
      carry += uint64_t(limbs[i]) << step;
      limbs[i] = uint32_t(carry % kBase);
      carry /= kBase;
    }
    exponent -= step;
  }
  int end = unit + 1;  // one behind the last limb in use
  while (exponent < 0) {
    const int step = min(-exponent, 9);
    uint32_t rest = 0;
    for (int i = unit - 1; i < end; ++i) {
      const uint32_t limb = limbs[i];
      limbs[i] = (limb >> step) + rest;
      rest = (limb & ((1u << step) - 1)) * (kBase >> step);
    }
    if (rest) limbs[end++] = rest;
    exponent += step;
  }
}

}  // namespace

Decimal::Decimal(double x) {
  const uint64_t bits = __builtin_bit_cast(uint64_t, x);
  const int exponent = int(bits >> 52 & 0x7ff);
  const uint64_t mantissa = (bits & 0xfffffffffffff) | uint64_t(exponent != 0) << 52;

  constexpr int kUnit = kWholeLimbs - 1;
  uint32_t limbs[kWholeLimbs + kFractionLimbs] = {};
  limbs[kUnit - 1] = uint32_t(mantissa / kBase);
  limbs[kUnit] = uint32_t(mantissa % kBase);
  if (mantissa) scale(limbs, kUnit, max(exponent, 1) - 1075);

  fill_bytes(text_, '0', kSize);
  text_[point_] = '.';
  for (int i = 0; i < kWholeLimbs + kFractionLimbs; ++i) {
    char* digit = text_ + (i + 1) * kGroup + (i > kUnit);
    for (uint32_t rest = limbs[i]; rest; rest /= 10) *--digit = char('0' + rest % 10);
  }
  find_first();
}

void Decimal::find_first() {
  first_ = 0;
  while (first_ < kSize && (text_[first_] == '0' || text_[first_] == '.')) ++first_;
  if (first_ == kSize) first_ = point_ - 1;
}

void Decimal::round(int64_t places) {
  if (places >= kSize - 1 - point_) return;
  int last = point_ + int(places) - (places <= 0);  // the last digit that stays
  const int next = last + 1 + (last + 1 == point_);
  bool beyond_half = text_[next] > '5';
  bool tie = text_[next] == '5';
  for (int i = next + 1; tie && i < kSize; ++i)
    if (text_[i] != '0' && text_[i] != '.') tie = false, beyond_half = true;
  fill_bytes(text_ + next, '0', size_t(kSize - next));
  text_[point_] = '.';
  if (beyond_half || (tie && (text_[last] & 1))) {
    while (text_[last] == '9' || last == point_) {
      if (last != point_) text_[last] = '0';
      --last;
    }
    ++text_[last];
  }
  find_first();
}

int64_t Decimal::last_place() const {
  int i = kSize - 1;
  while (i > first_ && (text_[i] == '0' || i == point_)) --i;
  return i - point_ + (i < point_);
}

void Decimal::move_point() {
  const int gap = point_ - first_;
  if (gap > 0) {
    move_bytes(text_ + first_ + 2, text_ + first_ + 1, size_t(gap - 1));
    point_ = first_ + 1;
  } else {
    text_[first_ - 1] = text_[first_];
    point_ = first_--;
  }
  text_[point_] = '.';
}

Text Decimal::whole() const {
  const int first = min(first_, point_ - 1);
  return {text_ + first, uint64_t(point_ - first)};
}

Text Decimal::fraction(int64_t places) const {
  return {text_ + point_, uint64_t(min<int64_t>(places, kSize - 1 - point_)) + 1};
}

}  // namespace rt
