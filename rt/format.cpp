#include "rt/format.hpp"

#include "rt/decimal.hpp"
#include "rt/memory.hpp"

namespace rt {
namespace {

/// Gathers bytes, so that the sink is called once for many.
class Writer {
 public:
  explicit Writer(Sink& sink) : sink_(sink) {}

  void put(char c) {
    if (used_ == sizeof buffer_) flush();
    buffer_[used_++] = c;
  }
  void put(Text text) {
    for (char c : text) put(c);
  }
  void fill(char c, int64_t n) {
    for (; n > 0; --n) put(c);
  }
  void flush() {
    if (used_) sink_.write({buffer_, used_});
    used_ = 0;
  }

 private:
  Sink& sink_;
  uint64_t used_ = 0;
  char buffer_[128];
};

/// One conversion: %[flags][width][.precision][length]type
struct Spec {
  bool left = false, plus = false, space = false, zero = false, alternative = false;
  bool grouped = false;
  int width = 0;
  int precision = -1;  // none given
  char length = 0;     // h, H (hh), l, L (ll), z, t
  char type = 0;
};

/// va_list may be an array, and would be passed as a pointer; in a struct it is passed as itself.
struct Arguments {
  va_list list;
};

/// An integer of the length that `spec` names, in 64 bits.
uint64_t take_integer(const Spec& spec, bool is_signed, Arguments& from) {
  uint64_t value = 0;
  int bits = 64;
  switch (spec.length) {
    case 'L':
    case 'z':
    case 't': value = va_arg(from.list, uint64_t); break;
    case 'l':
      value = va_arg(from.list, unsigned long);
      bits = 8 * sizeof(long);
      break;
    default:
      value = va_arg(from.list, unsigned);
      bits = spec.length == 'H' ? 8 : spec.length == 'h' ? 16 : 32;
  }
  const int unused = 64 - bits;
  value <<= unused;
  return is_signed ? uint64_t(int64_t(value) >> unused) : value >> unused;
}

/// A number ready to be written: prefix, digits with their point, and zeros between or behind
/// them that need no memory.
struct Number {
  Text prefix;           // sign or 0x
  int64_t leading = 0;   // zeros before `whole`, from the precision
  Text whole;            // digits before the point
  Text fraction;         // from the point on; may be empty
  int64_t trailing = 0;  // zeros after `fraction`
  Text exponent;         // "e+07"; may be empty
};

Text sign_prefix(const Spec& spec, bool negative) {
  return negative ? "-" : spec.plus ? "+" : spec.space ? " " : "";
}

void put_number(Writer& out, const Spec& spec, const Number& n) {
  const int64_t digits = n.leading + int64_t(n.whole.size);
  const int64_t commas = spec.grouped && digits ? (digits - 1) / 3 : 0;
  const int64_t parts = int64_t(n.prefix.size + n.fraction.size + n.exponent.size);
  const int64_t pad = spec.width - (digits + commas + n.trailing + parts);
  if (!spec.left && !spec.zero) out.fill(' ', pad);
  out.put(n.prefix);
  if (!spec.left && spec.zero) out.fill('0', pad);
  for (int64_t i = 0; i < digits; ++i) {
    if (commas && i && (digits - i) % 3 == 0) out.put(',');
    out.put(i < n.leading ? '0' : n.whole[uint64_t(i - n.leading)]);
  }
  out.put(n.fraction);
  out.fill('0', n.trailing);
  out.put(n.exponent);
  if (spec.left) out.fill(' ', pad);
}

void put_text(Writer& out, const Spec& spec, Text text) {
  const int64_t pad = spec.width - int64_t(text.size);
  if (!spec.left) out.fill(' ', pad);
  out.put(text);
  if (spec.left) out.fill(' ', pad);
}

void put_string(Writer& out, const Spec& spec, const char* text) {
  if (!text) text = "(null)";
  uint64_t n = 0;
  while ((spec.precision < 0 || n < uint64_t(spec.precision)) && text[n]) ++n;
  put_text(out, spec, {text, n});
}

void put_integer(Writer& out, Spec spec, uint64_t value, Text prefix) {
  const bool hex = spec.type == 'x' || spec.type == 'X' || spec.type == 'p';
  const char* const letters = spec.type == 'X' ? "0123456789ABCDEF" : "0123456789abcdef";
  const unsigned base = hex ? 16 : 10;
  char digits[20];
  uint64_t first = sizeof digits;
  for (uint64_t rest = value; rest; rest /= base) digits[--first] = letters[rest % base];
  Number n;
  n.prefix = prefix;
  n.whole = {digits + first, sizeof digits - first};
  n.leading = max<int64_t>(0, (spec.precision < 0 ? 1 : spec.precision) - int64_t(n.whole.size));
  if (spec.precision >= 0) spec.zero = false;
  if (hex) spec.grouped = false;
  put_number(out, spec, n);
}

/// %f, or the mantissa and exponent of %e: `decimals` digits after the point.
void put_digits(Writer& out, const Spec& spec, Text sign, const Decimal& value, int64_t decimals,
                Text exponent = "") {
  Number n;
  n.prefix = sign;
  n.whole = value.whole();
  if (decimals > 0 || spec.alternative) {
    n.fraction = value.fraction(decimals);
    n.trailing = decimals - int64_t(n.fraction.size - 1);
  }
  n.exponent = exponent;
  put_number(out, spec, n);
}

/// %e of a number that is already rounded.
void put_scientific(Writer& out, const Spec& spec, Text sign, Decimal& value, int64_t decimals) {
  int64_t exponent = value.exponent();
  char text[5] = {'e', exponent < 0 ? '-' : '+'};
  exponent = exponent < 0 ? -exponent : exponent;
  uint64_t size = 2;
  if (exponent >= 100) text[size++] = char('0' + exponent / 100);
  text[size++] = char('0' + exponent / 10 % 10);
  text[size++] = char('0' + exponent % 10);
  value.move_point();
  put_digits(out, spec, sign, value, decimals, {text, size});
}

/// %g: the one of %f and %e that suits the size, with `precision` significant digits, without the
/// zeros at the end.
void put_general(Writer& out, const Spec& spec, Text sign, Decimal& value) {
  const int64_t significant = spec.precision < 0 ? 6 : max(spec.precision, 1);
  value.round(significant - 1 - value.exponent());
  const int64_t exponent = value.exponent();  // after rounding: 9.99 may have become 10.0
  const bool fixed = exponent >= -4 && exponent < significant;
  const int64_t shift = fixed ? 0 : exponent;
  int64_t decimals = significant - 1 - exponent + shift;
  if (!spec.alternative) decimals = min(decimals, max<int64_t>(0, value.last_place() + shift));
  if (fixed)
    put_digits(out, spec, sign, value, decimals);
  else
    put_scientific(out, spec, sign, value, decimals);
}

void put_double(Writer& out, Spec spec, double x) {
  const uint64_t bits = __builtin_bit_cast(uint64_t, x);
  const Text sign = sign_prefix(spec, bits >> 63);
  if ((bits >> 52 & 0x7ff) == 0x7ff) {
    Number n;
    n.prefix = sign;
    n.fraction = bits << 12 ? "nan" : "inf";
    spec.zero = false;
    return put_number(out, spec, n);
  }
  Decimal value(x);
  const int64_t decimals = spec.precision < 0 ? 6 : spec.precision;
  if (spec.type == 'g') return put_general(out, spec, sign, value);
  if (spec.type == 'f') {
    value.round(decimals);
    return put_digits(out, spec, sign, value, decimals);
  }
  value.round(decimals - value.exponent());
  put_scientific(out, spec, sign, value, decimals);
}

int read_number(const char*& at, Arguments& from) {
  if (*at == '*') {
    ++at;
    return va_arg(from.list, int);
  }
  int n = 0;
  for (; *at >= '0' && *at <= '9'; ++at)
    if (n < 100'000'000) n = n * 10 + (*at - '0');
  return n;
}

bool read_flag(char c, Spec& spec) {
  switch (c) {
    case '-': return spec.left = true;
    case '+': return spec.plus = true;
    case ' ': return spec.space = true;
    case '0': return spec.zero = true;
    case '#': return spec.alternative = true;
    case '\'': return spec.grouped = true;
    default: return false;
  }
}

/// Reads what follows a '%', type included.
Spec read_spec(const char*& at, Arguments& from) {
  Spec spec;
  while (read_flag(*at, spec)) ++at;
  spec.width = read_number(at, from);
  if (spec.width < 0) {
    spec.left = true;
    spec.width = spec.width == INT32_MIN ? INT32_MAX : -spec.width;
  }
  if (*at == '.') {
    ++at;
    spec.precision = max(read_number(at, from), -1);
  }
  if (*at == 'h' || *at == 'l' || *at == 'z' || *at == 't') {
    spec.length = *at++;
    if (*at == spec.length && (spec.length == 'h' || spec.length == 'l')) {
      spec.length = char(spec.length - 'a' + 'A');
      ++at;
    }
  }
  spec.type = *at;
  if (*at) ++at;
  // A T behind %p: to a compiler that checks formats still a pointer, to us that of a Text.
  if (spec.type == 'p' && *at == 'T') spec.type = *at++;
  return spec;
}

void put_signed(Writer& out, const Spec& spec, Arguments& from) {
  const uint64_t value = take_integer(spec, true, from);
  const bool negative = value >> 63;
  put_integer(out, spec, negative ? 0 - value : value, sign_prefix(spec, negative));
}

void put_unsigned(Writer& out, const Spec& spec, Arguments& from) {
  const uint64_t value = take_integer(spec, false, from);
  const bool prefixed = spec.alternative && value && spec.type != 'u';
  put_integer(out, spec, value, !prefixed ? "" : spec.type == 'x' ? "0x" : "0X");
}

void put_char(Writer& out, const Spec& spec, char c) { put_text(out, spec, {&c, 1}); }

/// False for a type that we do not know.
bool convert(Writer& out, const Spec& spec, Arguments& from) {
  switch (spec.type) {
    case '%': out.put('%'); break;
    case 'c': put_char(out, spec, char(va_arg(from.list, int))); break;
    case 's': put_string(out, spec, va_arg(from.list, const char*)); break;
    case 'd':
    case 'i': put_signed(out, spec, from); break;
    case 'u':
    case 'x':
    case 'X': put_unsigned(out, spec, from); break;
    case 'T': put_text(out, spec, *va_arg(from.list, const Text*)); break;
    case 'p': put_integer(out, spec, uint64_t(va_arg(from.list, void*)), "0x"); break;
    case 'e':
    case 'f':
    case 'g': put_double(out, spec, va_arg(from.list, double)); break;
    default: return false;
  }
  return true;
}

}  // namespace

void vprint(Sink& sink, const char* format, va_list arguments) {
  Writer out(sink);
  Arguments from;
  va_copy(from.list, arguments);
  for (const char* at = format; *at;) {
    if (*at != '%') {
      out.put(*at++);
      continue;
    }
    const char* const start = at++;
    const Spec spec = read_spec(at, from);
    if (!convert(out, spec, from)) out.put({start, uint64_t(at - start)});
  }
  va_end(from.list);
  out.flush();
}

void print(Sink& sink, const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vprint(sink, format, arguments);
  va_end(arguments);
}

namespace {

/// Keeps what fits.
class BufferSink final : public Sink {
 public:
  explicit BufferSink(Span<char> room) : room_(room) {}
  void write(Text text) override {
    const uint64_t n = min(text.size, room_.count - used_);
    copy_bytes(room_.data + used_, text.data, n);
    used_ += n;
    cut_ = cut_ || n < text.size;
  }
  /// What was kept, without the half of a character that a cut may have left.
  Text kept() const {
    uint64_t n = used_;
    while (cut_ && n && (uint8_t(room_[n - 1]) & 0xc0) == 0x80) --n;
    if (!cut_ || !n) return {room_.data, used_};
    const uint8_t lead = uint8_t(room_[n - 1]);
    const uint64_t needed = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1;
    return {room_.data, used_ - n + 1 < needed ? n - 1 : used_};
  }

 private:
  Span<char> room_;
  uint64_t used_ = 0;
  bool cut_ = false;
};

}  // namespace

Text vprint_to(Span<char> buffer, const char* format, va_list arguments) {
  if (buffer.empty()) return {};
  BufferSink sink({buffer.data, buffer.count - 1});
  vprint(sink, format, arguments);
  const Text text = sink.kept();
  buffer[text.size] = 0;
  return text;
}

Text print_to(Span<char> buffer, const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  const Text text = vprint_to(buffer, format, arguments);
  va_end(arguments);
  return text;
}

}  // namespace rt
