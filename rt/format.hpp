#pragma once
#include <stdarg.h>

#include "rt/span.hpp"

namespace rt {

/// Where text goes: a console, a buffer, a serial line. Bytes are UTF-8; a character may be split
/// over two writes.
class Sink {
 public:
  virtual void write(Text text) = 0;
  void write(const char* text);

 protected:
  ~Sink() = default;
};

/// printf to a sink, with what messages need of it: %d %u %x (32 bits; ll and z before them: 64) %c %s %f %%, flags
/// - 0 and ' (groups of three digits parted by commas), width, and precision for %s and %f (numbers or *). %pT prints a
/// Text, given its address. %s with a null pointer prints (null). %f is right to its last digit (round half to even on
/// the exact binary value), has at most 15 digits after the point, and prints inf for what is 2^64 or more in units of
/// its last digit. What is not of this list is printed as it stands.
[[gnu::format(printf, 2, 3)]] void print(Sink& sink, const char* format, ...);
[[gnu::format(printf, 2, 0)]] void vprint(Sink& sink, const char* format, va_list arguments);

/// printf to a buffer, always terminated when `buffer` is not empty, cut at a character's end.
/// Returns the text that was written, without the terminator.
[[gnu::format(printf, 2, 3)]] Text print_to(Span<char> buffer, const char* format, ...);
[[gnu::format(printf, 2, 0)]] Text vprint_to(Span<char> buffer, const char* format,
                                             va_list arguments);

}  // namespace rt
