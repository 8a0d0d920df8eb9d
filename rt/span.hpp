#pragma once
#include <stddef.h>
#include <stdint.h>

namespace rt {

/// `count` objects that somebody else owns.
template <class T>
struct Span {
  T* data = nullptr;
  uint64_t count = 0;

  constexpr T& operator[](uint64_t i) const { return data[i]; }
  constexpr T* begin() const { return data; }
  constexpr T* end() const { return data + count; }
  constexpr bool empty() const { return count == 0; }
  constexpr uint64_t bytes() const { return count * sizeof(T); }
  /// The part from `first` on, `n` long. The caller keeps within bounds.
  constexpr Span part(uint64_t first, uint64_t n) const { return {data + first, n}; }
  constexpr Span from(uint64_t first) const { return {data + first, count - first}; }
  constexpr operator Span<const T>() const { return {data, count}; }
};

/// A run of UTF-8 bytes that somebody else owns; not terminated.
struct Text {
  const char* data = nullptr;
  uint64_t size = 0;

  constexpr Text() = default;
  constexpr Text(const char* bytes, uint64_t n) : data(bytes), size(n) {}
  constexpr Text(const char* c_string) : data(c_string) {
    while (c_string[size]) ++size;
  }

  constexpr char operator[](uint64_t i) const { return data[i]; }
  constexpr const char* begin() const { return data; }
  constexpr const char* end() const { return data + size; }
  constexpr bool empty() const { return size == 0; }
  constexpr Text part(uint64_t first, uint64_t n) const { return {data + first, n}; }
  constexpr Text from(uint64_t first) const { return {data + first, size - first}; }

  // A text of two words goes by memory: by reference, so that it is not copied there. A literal goes as it is.
  constexpr bool operator==(const Text& other) const {
    if (size != other.size) return false;
    for (uint64_t i = 0; i < size; ++i)
      if (data[i] != other.data[i]) return false;
    return true;
  }
  constexpr bool contains(char c) const {
    for (uint64_t i = 0; i < size; ++i)
      if (data[i] == c) return true;
    return false;
  }
  [[gnu::noinline]] constexpr bool operator==(const char* other) const { return *this == Text(other); }
  constexpr bool starts_with(const Text& prefix) const {
    return size >= prefix.size && part(0, prefix.size) == prefix;
  }
  [[gnu::noinline]] constexpr bool starts_with(const char* prefix) const { return starts_with(Text(prefix)); }
  constexpr bool ends_with(const Text& suffix) const {
    return size >= suffix.size && from(size - suffix.size) == suffix;
  }
  [[gnu::noinline]] constexpr bool ends_with(const char* suffix) const { return ends_with(Text(suffix)); }
};

template <class T>
constexpr T min(T a, T b) {
  return b < a ? b : a;
}
template <class T>
constexpr T max(T a, T b) {
  return a < b ? b : a;
}

/// Rounds `n` up to a multiple of `step`, any positive number.
constexpr uint64_t round_up(uint64_t n, uint64_t step) { return (n + step - 1) / step * step; }

}  // namespace rt
