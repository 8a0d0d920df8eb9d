#include "rt/format.hpp"

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
  void put(const Text& text) {
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

/// One conversion: %[-][0]['][width][.precision][ll|z]type
struct Spec {
  bool left = false, zero = false, grouped = false;
  bool wide = false;  // an integer of 64 bits
  int width = 0;
  int precision = -1;  // none given
  char type = 0;
};

/// va_list may be an array, and would be passed as a pointer; in a struct it is passed as itself.
struct Arguments {
  va_list list;
};

/// `text` in its field: blanks on one side, or zeros behind the first `sign` characters.
void put_field(Writer& out, const Spec& spec, Text text, uint64_t sign = 0) {
  const int64_t pad = spec.width - int64_t(text.size);
  const bool zeros = spec.zero && !spec.left;
  if (zeros) out.put(text.part(0, sign));
  if (!spec.left) out.fill(zeros ? '0' : ' ', pad);
  out.put(text.from(zeros ? sign : 0));
  if (spec.left) out.fill(' ', pad);
}

void put_string(Writer& out, const Spec& spec, const char* text) {
  if (!text) text = "(null)";
  uint64_t n = 0;
  while ((spec.precision < 0 || n < uint64_t(spec.precision)) && text[n]) ++n;
  put_field(out, spec, {text, n});
}

constexpr int kMostDecimals = 15;

/// `value` in units of the last of `decimals` digits behind the point.
void put_number(Writer& out, const Spec& spec, bool negative, uint64_t value, int decimals = 0) {
  const unsigned base = spec.type == 'x' ? 16 : 10;
  char text[32];  // 20 digits, 6 commas, point and sign; filled from the end
  uint64_t first = sizeof text;
  for (int digits = -decimals; digits <= 0 || value; ++digits, value /= base) {
    if (digits == 0 && decimals) text[--first] = '.';
    if (digits > 0 && digits % 3 == 0 && spec.grouped) text[--first] = ',';
    text[--first] = "0123456789abcdef"[value % base];
  }
  if (negative) text[--first] = '-';
  put_field(out, spec, {text + first, sizeof text - first}, negative);
}

/// |x| in units of 10^-decimals, rounded half to even on its exact binary value; false when it does not fit.
bool scale(uint64_t bits, int decimals, uint64_t& units) {
  constexpr uint64_t kLeading = 1ull << 52;
  unsigned __int128 value = (bits & (kLeading - 1)) | kLeading;
  for (int i = 0; i < decimals; ++i) value *= 10;  // below 2^103
  int exponent = int(bits >> 52 & 0x7ff) - 1075;
  bool half = false, more = false;  // of a unit, is left
  for (; exponent < 0; ++exponent, value >>= 1) {
    more |= half;
    half = value & 1;
  }
  value += half && (more || value & 1);
  for (; exponent > 0 && value >> 64 == 0; --exponent) value <<= 1;
  units = uint64_t(value);
  return value >> 64 == 0;
}

void put_double(Writer& out, Spec spec, double x) {
  const uint64_t bits = __builtin_bit_cast(uint64_t, x);
  const bool negative = bits >> 63;
  const int decimals = spec.precision < 0 ? 6 : min(spec.precision, kMostDecimals);
  uint64_t units;
  if (scale(bits, decimals, units)) return put_number(out, spec, negative, units, decimals);
  spec.zero = false;
  const bool nan = (bits & ~0ull >> 1) > 0x7ffull << 52;
  put_field(out, spec, Text(nan ? "-nan" : "-inf").from(!negative));
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

/// Reads what follows a '%', type included.
Spec read_spec(const char*& at, Arguments& from) {
  Spec spec;
  for (;; ++at)
    if (*at == '-') spec.left = true;
    else if (*at == '0') spec.zero = true;
    else if (*at == '\'') spec.grouped = true;
    else break;
  spec.width = read_number(at, from);
  if (spec.width < 0) {
    spec.left = true;
    spec.width = spec.width == INT32_MIN ? INT32_MAX : -spec.width;
  }
  if (*at == '.') {
    ++at;
    spec.precision = max(read_number(at, from), -1);
  }
  const uint64_t length = *at == 'z' ? 1 : *at == 'l' && at[1] == 'l' ? 2 : 0;
  spec.wide = length;
  at += length;
  // A T behind %p: to a compiler that checks formats a pointer, to us that of a Text.
  if (*at == 'p' && at[1] == 'T') ++at;
  spec.type = *at;
  if (*at) ++at;
  return spec;
}

/// False for a type that we do not know.
bool convert(Writer& out, const Spec& spec, Arguments& from) {
  switch (spec.type) {
    case '%': out.put('%'); break;
    case 'c': {
      const char c = char(va_arg(from.list, int));
      put_field(out, spec, {&c, 1});
      break;
    }
    case 's': put_string(out, spec, va_arg(from.list, const char*)); break;
    case 'T': put_field(out, spec, *va_arg(from.list, const Text*)); break;
    case 'd': {
      const int64_t value = spec.wide ? va_arg(from.list, int64_t) : va_arg(from.list, int);
      put_number(out, spec, value < 0, value < 0 ? 0 - uint64_t(value) : uint64_t(value));
      break;
    }
    case 'u':
    case 'x':
      put_number(out, spec, false, spec.wide ? va_arg(from.list, uint64_t) : va_arg(from.list, unsigned));
      break;
    case 'f': put_double(out, spec, va_arg(from.list, double)); break;
    default: return false;
  }
  return true;
}

}  // namespace

void Sink::write(const char* text) { write(Text(text)); }

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
