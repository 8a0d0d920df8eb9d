#include "rt/memory.hpp"

namespace rt {
namespace {

// Eight bytes at any address, whatever object they belong to.
using Word [[gnu::aligned(1), gnu::may_alias]] = uint64_t;

// Words, not vectors: near the memory's speed on hardware, and under QEMU's software emulation
// several times as fast as 16-byte vectors or `rep movsb`. The empty asm keeps the compiler from
// joining words into vectors.
void copy_words(Word* to, const Word* from, size_t quads) {
  for (; quads; --quads, to += 4, from += 4) {
    uint64_t a = from[0], b = from[1], c = from[2], d = from[3];
    asm("" : "+r"(a), "+r"(b), "+r"(c), "+r"(d));
    to[0] = a, to[1] = b, to[2] = c, to[3] = d;
  }
}

void copy_words_down(Word* to_end, const Word* from_end, size_t quads) {
  for (; quads; --quads) {
    to_end -= 4, from_end -= 4;
    uint64_t a = from_end[0], b = from_end[1], c = from_end[2], d = from_end[3];
    asm("" : "+r"(a), "+r"(b), "+r"(c), "+r"(d));
    to_end[0] = a, to_end[1] = b, to_end[2] = c, to_end[3] = d;
  }
}

}  // namespace

// Upwards only, every byte read before anything at or above it is written: move_bytes relies on it.
void* copy_bytes(void* to, const void* from, size_t n) {
  auto* d = static_cast<uint8_t*>(to);
  auto* s = static_cast<const uint8_t*>(from);
  const size_t quads = n / 32;
  copy_words(reinterpret_cast<Word*>(d), reinterpret_cast<const Word*>(s), quads);
  d += quads * 32, s += quads * 32, n -= quads * 32;
  for (; n >= 8; n -= 8, d += 8, s += 8)
    *reinterpret_cast<Word*>(d) = *reinterpret_cast<const Word*>(s);
  for (; n; --n) *d++ = *s++;
  return to;
}

void* move_bytes(void* to, const void* from, size_t n) {
  if (reinterpret_cast<uintptr_t>(to) - reinterpret_cast<uintptr_t>(from) >= n)
    return copy_bytes(to, from, n);  // `to` is below `from`, or wholly above it
  auto* d = static_cast<uint8_t*>(to) + n;
  auto* s = static_cast<const uint8_t*>(from) + n;
  const size_t quads = n / 32;
  copy_words_down(reinterpret_cast<Word*>(d), reinterpret_cast<const Word*>(s), quads);
  d -= quads * 32, s -= quads * 32, n -= quads * 32;
  while (n--) *--d = *--s;
  return to;
}

void* fill_bytes(void* to, int value, size_t n) {
  auto* d = static_cast<uint8_t*>(to);
  uint64_t word = uint8_t(value) * 0x0101010101010101u;
  for (; n >= 32; n -= 32, d += 32) {
    asm("" : "+r"(word));
    auto* words = reinterpret_cast<Word*>(d);
    words[0] = word, words[1] = word, words[2] = word, words[3] = word;
  }
  for (; n; --n) *d++ = uint8_t(value);
  return to;
}

int compare_bytes(const void* a, const void* b, size_t n) {
  auto* p = static_cast<const uint8_t*>(a);
  auto* q = static_cast<const uint8_t*>(b);
  while (n >= 8 && *reinterpret_cast<const Word*>(p) == *reinterpret_cast<const Word*>(q))
    p += 8, q += 8, n -= 8;
  for (; n; --n, ++p, ++q)
    if (*p != *q) return *p - *q;
  return 0;
}

}  // namespace rt
