// The symbols that the compiler expects in every image. Linked into images only: host programs
// have a libc.
#include "rt/memory.hpp"

extern "C" {
void* memcpy(void* to, const void* from, size_t n) { return rt::copy_bytes(to, from, n); }
void* memmove(void* to, const void* from, size_t n) { return rt::move_bytes(to, from, n); }
void* memset(void* to, int value, size_t n) { return rt::fill_bytes(to, value, n); }
int memcmp(const void* a, const void* b, size_t n) { return rt::compare_bytes(a, b, n); }

/// What a call of a pure virtual function ends in, in both ABIs. A table of such functions names it, though none is
/// ever called.
void _purecall() { __builtin_trap(); }
void __cxa_pure_virtual() { __builtin_trap(); }

/// lld-link wants it in a program that uses floating point.
extern const int _fltused;
const int _fltused = 0;
}
