#pragma once
#include <bit>
#include <cstdint>
#include <cstring>
#include <new>
#include <vector>

#include "rt/span.hpp"

namespace test {

/// `count` numbers on the heap and nothing else: the address sanitizer reports the first byte that
/// is touched behind them. 64-byte aligned, or `offset` numbers off that. All bits are one at
/// first: floats are NaN, and what a function leaves alone can be told from what it writes.
template <class T>
class Exact {
 public:
  explicit Exact(uint64_t count, uint64_t offset = 0)
      : memory_(static_cast<T*>(operator new((offset + count) * sizeof(T), kAlign))),
        span_{memory_ + offset, count} {
    std::memset(memory_, 0xff, (offset + count) * sizeof(T));
  }
  explicit Exact(const std::vector<T>& values) : Exact(values.size()) {
    for (uint64_t i = 0; i < values.size(); ++i) span_[i] = values[i];
  }
  Exact(Exact&& other) noexcept : memory_(other.memory_), span_(other.span_) {
    other.memory_ = nullptr;
  }
  Exact& operator=(Exact&&) = delete;
  ~Exact() { operator delete(memory_, kAlign); }

  T* data() const { return span_.data; }
  uint64_t size() const { return span_.count; }
  T& operator[](uint64_t i) const { return span_[i]; }
  T* begin() const { return span_.begin(); }
  T* end() const { return span_.end(); }
  rt::Span<T> span() const { return span_; }

 private:
  static constexpr std::align_val_t kAlign{64};
  T* memory_;
  rt::Span<T> span_;
};

/// Equal bits, or both NaN, of which the one with all bits set stands for itself: untouched memory.
inline bool same_bits(float a, float b) {
  const auto bits = std::bit_cast<uint32_t>(a), other = std::bit_cast<uint32_t>(b);
  return bits == other || (a != a && b != b && bits != ~0u && other != ~0u);
}
template <class T>
bool same_bits(T a, T b) {
  return a == b;
}

/// The first place where two arrays differ, or -1.
template <class A, class B>
int64_t first_difference(const A& a, const B& b) {
  if (a.size() != b.size()) return int64_t(a.size() < b.size() ? a.size() : b.size());
  for (uint64_t i = 0; i < a.size(); ++i)
    if (!same_bits(a[i], b[i])) return int64_t(i);
  return -1;
}

}  // namespace test
