#include "rt/parse.hpp"

namespace rt {
namespace {

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Takes one sign off the front; true when it was a minus.
bool take_sign(Text& text) {
  if (text.empty() || (text[0] != '-' && text[0] != '+')) return false;
  const bool minus = text[0] == '-';
  text = text.from(1);
  return minus;
}

}  // namespace

Text trim(const Text& whole) {
  Text text = whole;
  while (!text.empty() && is_space(text[0])) text = text.from(1);
  while (!text.empty() && is_space(text[text.size - 1])) --text.size;
  return text;
}

Text take_until(Text& text, char end) {
  uint64_t n = 0;
  while (n < text.size && text[n] != end) ++n;
  const Text part = text.part(0, n);
  text = text.from(min(n + 1, text.size));
  return part;
}

bool ends_with_any_case(const Text& text, const char* small) {
  const Text end = small;
  if (text.size < end.size) return false;
  for (uint64_t i = 0; i < end.size; ++i) {
    const char c = text.end()[int64_t(i - end.size)];
    if ((c >= 'A' && c <= 'Z' ? char(c | 0x20) : c) != end[i]) return false;
  }
  return true;
}

bool is_any_case(const Text& text, const char* small) {
  return text.size == Text(small).size && ends_with_any_case(text, small);
}

bool parse_u64(const Text& text, uint64_t& value) {
  uint64_t sum = 0;
  for (char c : text) {
    if (!is_digit(c)) return false;
    if (__builtin_mul_overflow(sum, 10u, &sum)) return false;
    if (__builtin_add_overflow(sum, uint64_t(c - '0'), &sum)) return false;
  }
  if (text.empty()) return false;
  value = sum;
  return true;
}

bool parse_i64(const Text& number, int64_t& value) {
  Text text = number;
  const bool minus = take_sign(text);
  uint64_t magnitude = 0;
  if (!parse_u64(text, magnitude) || magnitude > uint64_t(INT64_MAX) + minus) return false;
  value = int64_t(minus ? 0 - magnitude : magnitude);
  return true;
}

namespace {

/// digits * 10^exponent, plus a little when `more`; digits != 0.
struct Scientific {
  uint64_t digits = 0;
  int64_t exponent = 0;
  bool more = false;
};

/// Reads [digits][.digits][e[sign]digits], at least one digit before the e. The first 19
/// significant digits count, of later ones only whether they are all zero.
bool read_decimal(Text text, Scientific& number) {
  bool any = false, fraction = false;
  uint64_t i = 0;
  for (; i < text.size && (is_digit(text[i]) || (text[i] == '.' && !fraction)); ++i) {
    if (text[i] == '.') {
      fraction = true;
      continue;
    }
    any = true;
    if (number.digits < 1'000'000'000'000'000'000) {
      number.digits = number.digits * 10 + uint64_t(text[i] - '0');
      number.exponent -= fraction;
    } else {
      number.more = number.more || text[i] != '0';
      number.exponent += !fraction;
    }
  }
  if (!any) return false;
  if (i == text.size) return true;
  if (text[i] != 'e' && text[i] != 'E') return false;
  Text tail = text.from(i + 1);
  const bool minus = take_sign(tail);
  uint64_t exponent = 0;
  if (tail.empty()) return false;
  for (char c : tail) {
    if (!is_digit(c)) return false;
    exponent = min<uint64_t>(exponent * 10 + uint64_t(c - '0'), 1'000'000'000);
  }
  number.exponent += minus ? -int64_t(exponent) : int64_t(exponent);
  return true;
}

/// A fixed-point number, wide enough for every decimal that rounds to a finite float.
class Wide {
 public:
  static constexpr int kPoint = 320;  // bits behind the point

  explicit Wide(uint64_t n) {
    words_[kPoint / 32] = uint32_t(n);
    words_[kPoint / 32 + 1] = uint32_t(n >> 32);
  }
  void multiply(uint32_t factor) {
    uint64_t carry = 0;
    for (uint32_t& word : words_) {
      carry += uint64_t(word) * factor;
      word = uint32_t(carry);
      carry >>= 32;
    }
  }
  /// Rounds down; true when something was lost.
  bool divide(uint32_t divisor) {
    uint64_t rest = 0;
    for (int i = kWords - 1; i >= 0; --i) {
      rest = rest << 32 | words_[i];
      words_[i] = uint32_t(rest / divisor);
      rest %= divisor;
    }
    return rest != 0;
  }
  bool bit(int i) const { return words_[i / 32] >> i % 32 & 1; }
  /// The highest bit that is set, or -1.
  int top() const {
    int i = kWords * 32 - 1;
    while (i >= 0 && !bit(i)) --i;
    return i;
  }

 private:
  static constexpr int kWords = 17;
  uint32_t words_[kWords] = {};
};

/// The float nearest to the number (ties to even); false when it is too large.
bool round_to_float(const Scientific& number, float& value) {
  value = 0;
  if (number.digits == 0 || number.exponent < -70) return true;
  if (number.exponent > 38) return false;
  Wide wide(number.digits);
  bool more = number.more;
  for (int64_t e = number.exponent; e > 0; --e) wide.multiply(10);
  for (int64_t e = number.exponent; e < 0; ++e) more = wide.divide(10) || more;

  const int top = wide.top();
  const int last = max(top - 23, Wide::kPoint - 149);  // the float's lowest bit
  uint32_t mantissa = 0;
  for (int i = top; i >= last; --i) mantissa = mantissa * 2 + wide.bit(i);
  for (int i = last - 2; i >= 0 && !more; --i) more = wide.bit(i);
  mantissa += wide.bit(last - 1) && (more || (mantissa & 1));
  const uint32_t bits = (uint32_t(last - (Wide::kPoint - 149)) << 23) + mantissa;
  if (bits >= 0x7f800000) return false;
  value = __builtin_bit_cast(float, bits);
  return true;
}

}  // namespace

bool parse_f32(const Text& whole, float& value) {
  Text text = whole;
  const bool minus = take_sign(text);
  Scientific number;
  float magnitude = 0;
  if (!read_decimal(text, number) || !round_to_float(number, magnitude)) return false;
  value = minus ? -magnitude : magnitude;
  return true;
}

}  // namespace rt
