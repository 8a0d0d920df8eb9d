#include "model/tokenizers/pieces.hpp"

namespace model {

rt::Result<Pieces> Pieces::create(uint32_t count, uint64_t bytes, rt::Arena& arena, rt::Arena& scratch) {
  rt::Result<rt::Span<uint32_t>> start = arena.make_raw<uint32_t>(uint64_t{count} + 1);
  if (!start) return start.error();
  rt::Result<rt::Span<Entry>> entries = arena.make_raw<Entry>(count);
  if (!entries) return entries.error();
  rt::Result<rt::Span<char>> text = arena.make_raw<char>(bytes);
  if (!text) return text.error();
  rt::Result<rt::Span<Entry>> merged = scratch.make_raw<Entry>(count / 2);
  if (!merged) return merged.error();
  Pieces pieces;
  pieces.text_ = *text;
  pieces.start_ = *start;
  pieces.entries_ = *entries;
  pieces.merged_ = *merged;
  if (!arena.is_counting()) pieces.start_[0] = 0;
  return pieces;
}

void Pieces::add(uint32_t length) {
  const rt::Text piece{text_.data + start_[added_], length};
  entries_[added_] = {TextHash(piece).key(), added_};
  start_[added_ + 1] = start_[added_] + length;
  steps_ += 1 + length / 8;
  const uint32_t n = ++added_;
  // Two runs of a length become one of twice the length, as in a binary counter.
  for (uint32_t run = 1; n % (run * 2) == 0; run *= 2) merge(n - run * 2, n - run, n);
}

void Pieces::finish() {
  uint32_t last_run = added_ & -added_;
  for (uint32_t left = added_ - last_run; left; left = added_ - last_run) {
    const uint32_t run = left & -left;
    merge(left - run, left, added_);
    last_run += run;
  }
  merged_ = {};
}

/// Merges two sorted runs, of which the first is not the shorter. Of equal pieces the first stays first.
void Pieces::merge(uint32_t first, uint32_t middle, uint32_t last) {
  uint32_t left = middle, right = last - middle, to = last;
  rt::copy_bytes(merged_.data, &entries_[middle], right * sizeof(Entry));
  while (right && left > first) {
    const Entry& candidate = merged_[right - 1];
    const bool take_left = compare(entries_[left - 1], candidate.key, (*this)[candidate.token], {}) > 0;
    entries_[--to] = take_left ? entries_[--left] : merged_[--right];
  }
  steps_ += last - first;
  rt::copy_bytes(&entries_[first] + (left - first), merged_.data, right * sizeof(Entry));
}

/// Below 0 where the entry comes before `left` and `right` joined, which have the hash `key`.
int Pieces::compare(const Entry& entry, uint32_t key, rt::Text left, rt::Text right) const {
  ++steps_;
  if (entry.key != key) return entry.key < key ? -1 : 1;
  const rt::Text piece = (*this)[entry.token];
  const uint64_t size = left.size + right.size;
  if (piece.size != size) return piece.size < size ? -1 : 1;
  steps_ += size / 8;
  const int order = rt::compare_bytes(piece.data, left.data, left.size);
  return order ? order : rt::compare_bytes(piece.data + left.size, right.data, right.size);
}

int64_t Pieces::find(const rt::Text& left, rt::Text right, TextHash hash) const {
  if (left.size + right.size > kLongest) return -1;
  uint32_t first = 0;
  for (uint32_t n = added_; n;) {
    const uint32_t half = n / 2;
    const bool before = compare(entries_[first + half], hash.key(), left, right) < 0;
    if (before) first += half + 1;
    n = before ? n - half - 1 : half;
  }
  if (first == added_ || compare(entries_[first], hash.key(), left, right) != 0) return -1;
  return entries_[first].token;
}

}  // namespace model
