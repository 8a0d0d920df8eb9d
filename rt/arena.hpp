#pragma once
#include "rt/memory.hpp"
#include "rt/result.hpp"

namespace rt {

/// Tag for placement new: `new (Placement{address}) T`. A type of our own, so that host tests may
/// include <new> beside it.
struct Placement {
  void* at;
};

}  // namespace rt

inline void* operator new(size_t, rt::Placement place) noexcept { return place.at; }

namespace rt {

/// Hands out memory from one range, in order, and takes it back only by rewinding. Objects in it
/// are never destroyed, so they must not need it.
class Arena {
 public:
  static constexpr uint64_t kAlign = 64;  // a cache line, and the widest vector

  Arena() = default;
  /// `memory` should start on a multiple of kAlign, else the first few bytes are lost.
  explicit Arena(Span<uint8_t> memory) : memory_(memory) {}

  /// `count` objects, value-initialised, 64-byte aligned. Fails with Errc::out_of_memory, whose
  /// detail is the number of bytes that were asked for.
  template <class T>
    requires(__is_trivially_destructible(T))
  Result<Span<T>> make(uint64_t count) {
    Result<Span<T>> span = make_raw<T>(count);
    if (span)
      for (T& item : *span) new (Placement{&item}) T();
    return span;
  }

  /// As make(), but the memory holds whatever was there: for large arrays of plain numbers that
  /// are about to be filled.
  template <class T>
    requires(__is_trivially_destructible(T))
  Result<Span<T>> make_raw(uint64_t count) {
    uint64_t bytes = 0;
    if (__builtin_mul_overflow(count, sizeof(T), &bytes)) return exhausted(~uint64_t{0});
    Result<uint8_t*> at = take(bytes);
    if (!at) return at.error();
    return Span<T>{reinterpret_cast<T*>(*at), count};
  }

  uint64_t used() const { return used_; }
  uint64_t capacity() const { return memory_.count; }

  /// A place to come back to: everything made after `mark()` is forgotten by `rewind(mark)`.
  uint64_t mark() const { return used_; }
  void rewind(uint64_t mark) { used_ = mark; }

  /// An arena that only counts: what make_raw() hands out must not be touched. Running the same
  /// allocations on it first tells what they will take.
  static Arena counting() {
    return Arena({reinterpret_cast<uint8_t*>(kAlign), uint64_t{1} << 62});
  }

 private:
  Result<uint8_t*> take(uint64_t bytes);
  Error exhausted(uint64_t bytes) const;

  Span<uint8_t> memory_;
  uint64_t used_ = 0;
};

}  // namespace rt
