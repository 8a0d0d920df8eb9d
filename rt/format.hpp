#pragma once
#include <stdarg.h>

#include "rt/span.hpp"

namespace rt {

/// Where text goes: a console, a buffer, a serial line. Bytes are UTF-8; a character may be split
/// over two writes.
class Sink {
 public:
  virtual void write(Text text) = 0;

 protected:
  ~Sink() = default;
};

/// printf to a sink. Conversions: %d %i %u %x %X %c %s %p %f %e %g %%, lengths hh h l ll z t,
/// flags - + space 0 # and ' (groups of three digits parted by commas), width and precision
/// (numbers or *). %pT prints a Text, given its address. %s with a null pointer prints (null); %f, %e
/// and %g are right to the last printed digit (round half to even on the exact binary value) for every
/// double.
[[gnu::format(printf, 2, 3)]] void print(Sink& sink, const char* format, ...);
[[gnu::format(printf, 2, 0)]] void vprint(Sink& sink, const char* format, va_list arguments);

/// printf to a buffer, always terminated when `buffer` is not empty, cut at a character's end.
/// Returns the text that was written, without the terminator.
[[gnu::format(printf, 2, 3)]] Text print_to(Span<char> buffer, const char* format, ...);
[[gnu::format(printf, 2, 0)]] Text vprint_to(Span<char> buffer, const char* format,
                                             va_list arguments);

}  // namespace rt
