#include "model/tokenizers/merger.hpp"

namespace model {
namespace {

constexpr uint32_t kNone = ~0u;

struct Node {
  Token token;
  uint32_t previous, next;
};

/// A merger that was possible when it was found.
struct Candidate {
  Merge merge;
  uint32_t left;  // node
  Token first, second;

  bool before(const Candidate& other) const {
    return merge.rank < other.merge.rank || (merge.rank == other.merge.rank && left < other.left);
  }
};

/// A doubly linked list of tokens, and a heap of candidates.
class Merger {
 public:
  Merger(const MergeRules& rules, rt::Span<Node> nodes, rt::Span<Candidate> heap)
      : rules_(rules), nodes_(nodes), heap_(heap) {}

  void run(rt::Span<const Token> tokens) {
    const uint32_t n = uint32_t(tokens.count);
    for (uint32_t i = 0; i < n; ++i) nodes_[i] = {tokens[i], i ? i - 1 : kNone, i + 1 < n ? i + 1 : kNone};
    for (uint32_t i = 0; i + 1 < n; ++i) consider(i);
    while (size_) {
      const Candidate best = pop();
      Node& left = nodes_[best.left];
      // A candidate is stale when either of its tokens has been merged away since.
      if (left.token != best.first || left.next == kNone) continue;
      Node& right = nodes_[left.next];
      if (right.token != best.second) continue;
      left.token = best.merge.merged;
      right.token = kNone;
      left.next = right.next;
      if (left.next != kNone) nodes_[left.next].previous = best.left;
      if (left.previous != kNone) consider(left.previous);
      consider(best.left);
    }
  }

 private:
  void consider(uint32_t left) {
    const uint32_t right = nodes_[left].next;
    if (right == kNone) return;
    Candidate found = {{}, left, nodes_[left].token, nodes_[right].token};
    if (rules_.find(found.first, found.second, found.merge)) push(found);
  }

  void push(const Candidate& found) {
    uint64_t at = size_++;
    for (; at && found.before(heap_[(at - 1) / 2]); at = (at - 1) / 2) heap_[at] = heap_[(at - 1) / 2];
    heap_[at] = found;
  }

  Candidate pop() {
    const Candidate top = heap_[0], last = heap_[--size_];
    uint64_t at = 0;
    for (uint64_t child; (child = 2 * at + 1) < size_; at = child) {
      if (child + 1 < size_ && heap_[child + 1].before(heap_[child])) ++child;
      if (!heap_[child].before(last)) break;
      heap_[at] = heap_[child];
    }
    heap_[at] = last;
    return top;
  }

  const MergeRules& rules_;
  rt::Span<Node> nodes_;
  rt::Span<Candidate> heap_;
  uint64_t size_ = 0;
};

}  // namespace

rt::Result<uint64_t> merge_all(const MergeRules& rules, rt::Span<Token> tokens, rt::Arena& arena) {
  const rt::Arena::Mark mark = arena.mark();
  // Every token has a pair to its right at first, and every merger makes at most two new ones.
  rt::Result<rt::Span<Node>> nodes = arena.make_raw<Node>(tokens.count);
  rt::Result<rt::Span<Candidate>> heap = arena.make_raw<Candidate>(tokens.count * 3);
  if (!nodes) return nodes.error();
  if (!heap) return heap.error();
  Merger(rules, *nodes, *heap).run(tokens);
  uint64_t n = 0;
  for (uint64_t i = 0; i != kNone && i < tokens.count; i = (*nodes)[i].next) tokens[n++] = (*nodes)[i].token;
  arena.rewind(mark);
  return n;
}

}  // namespace model
