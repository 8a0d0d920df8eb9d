#pragma once
#include "model/token.hpp"
#include "rt/arena.hpp"

namespace model {

/// A polynomial hash of a text, which knows that of two joined texts from those of the two.
class TextHash {
 public:
  constexpr TextHash() = default;
  constexpr explicit TextHash(const rt::Text& text) {
    for (char c : text) *this = TextHash(sum_ * kBase + uint8_t(c) + 1, power_ * kBase);
  }
  constexpr TextHash operator+(TextHash right) const {
    return TextHash(sum_ * right.power_ + right.sum_, power_ * right.power_);
  }
  constexpr uint32_t key() const { return uint32_t(sum_ * 0x9e3779b97f4a7c15 >> 32); }

 private:
  static constexpr uint64_t kBase = 0xd6e8feb86659fd93;
  constexpr TextHash(uint64_t sum, uint64_t power) : sum_(sum), power_(power) {}

  uint64_t sum_ = 0, power_ = 1;  // kBase to the power of the text's length
};

/// The texts of a vocabulary, by number and by content. They are kept sorted by hash, then by content:
/// whoever makes up a vocabulary cannot make it slow, as hash tables allow.
class Pieces {
 public:
  /// The most bytes of a piece. No vocabulary has longer ones, and what comes up to here is short
  /// enough to be compared or printed in one go.
  static constexpr uint32_t kLongest = 1024;

  /// Memory for `count` pieces of `bytes` in all. What adding them needs is taken from `scratch`, and
  /// may be forgotten after finish().
  static rt::Result<Pieces> create(uint32_t count, uint64_t bytes, rt::Arena& arena, rt::Arena& scratch);

  /// Where the next piece's bytes go, and how many there is room for.
  rt::Span<char> next() const { return text_.from(start_[added_]); }
  /// Adds a piece of `length` bytes, at most kLongest and next().count, which were put there. For n
  /// pieces n log n steps, and never many at once.
  void add(uint32_t length);
  /// To be called when all pieces were added.
  void finish();

  uint32_t count() const { return added_; }
  rt::Text operator[](Token token) const {
    return {text_.data + start_[token], start_[token + 1] - start_[token]};
  }
  /// The first token whose piece is `left` and `right` joined, or -1; `hash` is that of both. log n
  /// steps.
  int64_t find(const rt::Text& left, rt::Text right, TextHash hash) const;
  int64_t find(const rt::Text& text) const { return find(text, {}, TextHash(text)); }

  /// What was done so far, in comparisons and moves of a few bytes: to be bounded by tests.
  uint64_t steps() const { return steps_; }
  void count_steps(uint64_t n) const { steps_ += n; }

 private:
  struct Entry {
    uint32_t key;  // of the hash
    Token token;
  };

  int compare(const Entry& entry, uint32_t key, rt::Text left, rt::Text right) const;
  void merge(uint32_t first, uint32_t middle, uint32_t last);

  rt::Span<char> text_;
  rt::Span<uint32_t> start_;  // [count + 1] where each piece starts in text_
  rt::Span<Entry> entries_;   // [count] while pieces are added, sorted runs whose lengths are powers of two
  rt::Span<Entry> merged_;    // [count / 2] scratch
  uint32_t added_ = 0;
  mutable uint64_t steps_ = 0;
};

}  // namespace model
