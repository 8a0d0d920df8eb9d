#pragma once
#include "model/token.hpp"
#include "rt/arena.hpp"

namespace model {

/// What two neighbouring tokens become; the least rank is merged first.
struct Merge {
  uint32_t rank;
  Token merged;
};

/// Which neighbours may be merged.
class MergeRules {
 public:
  /// False where `left` and `right` stay apart.
  virtual bool find(Token left, Token right, Merge& merge) const = 0;

 protected:
  ~MergeRules() = default;
};

/// Merges neighbours in `tokens`, the least rank first and of equal ranks the leftmost, until none may be merged;
/// returns how many tokens are left, at the front. For n tokens: at most 6n questions to `rules` and O(n log n) steps;
/// 36n bytes of `arena` meanwhile.
rt::Result<uint64_t> merge_all(const MergeRules& rules, rt::Span<Token> tokens, rt::Arena& arena);

}  // namespace model
