#include "model/tokenizers/merger.hpp"

namespace model {
namespace {

constexpr uint32_t kNone = ~0u;

struct Node {
  Token token;
  uint32_t previous, next;
};

/// A doubly linked list of tokens, and a heap of the mergers that were possible when they were found: each is its rank
/// and, in the lower half, the node that stands left in it.
class Merger {
 public:
  Merger(const MergeRules& rules, rt::Span<Node> nodes, uint64_t* heap) : rules_(rules), nodes_(nodes), heap_(heap) {}

  void run(rt::Span<const Token> tokens) {
    const uint32_t n = uint32_t(tokens.count);
    for (uint32_t i = 0; i < n; ++i) nodes_[i] = {tokens[i], i - 1, i + 1 < n ? i + 1 : kNone};
    for (uint32_t i = 0; i < n; ++i) consider(i);
    Merge merge;
    while (size_) {
      const uint64_t best = pop();
      const uint32_t at = uint32_t(best);
      // A merger is stale when either of its tokens has been merged since.
      if (!find(at, merge) || merge.rank != best >> 32) continue;
      Node& left = nodes_[at];
      Node& right = nodes_[left.next];
      left.token = merge.merged;
      left.next = right.next;
      right.next = kNone;
      if (left.next != kNone) nodes_[left.next].previous = at;
      if (left.previous != kNone) consider(left.previous);
      consider(at);
    }
  }

 private:
  /// What the node at `left` and the next one become. A node that was merged away has no next one.
  bool find(uint32_t left, Merge& merge) const {
    const Node& node = nodes_[left];
    return node.next != kNone && rules_.find(node.token, nodes_[node.next].token, merge);
  }

  void consider(uint32_t left) {
    Merge merge;
    if (!find(left, merge)) return;
    const uint64_t found = uint64_t{merge.rank} << 32 | left;
    uint64_t at = size_++;
    for (; at && found < heap_[(at - 1) / 2]; at = (at - 1) / 2) heap_[at] = heap_[(at - 1) / 2];
    heap_[at] = found;
  }

  uint64_t pop() {
    const uint64_t top = heap_[0], last = heap_[--size_];
    uint64_t at = 0;
    for (uint64_t child; (child = 2 * at + 1) < size_; at = child) {
      if (child + 1 < size_ && heap_[child + 1] < heap_[child]) ++child;
      if (heap_[child] >= last) break;
      heap_[at] = heap_[child];
    }
    heap_[at] = last;
    return top;
  }

  const MergeRules& rules_;
  rt::Span<Node> nodes_;
  uint64_t* heap_;
  uint64_t size_ = 0;
};

}  // namespace

rt::Result<uint64_t> merge_all(const MergeRules& rules, rt::Span<Token> tokens, rt::Arena& arena) {
  const rt::Arena::Mark mark = arena.mark();
  // Every token has a pair to its right at first, and every merger makes at most two new ones.
  const uint64_t heap_bytes = tokens.count * 3 * sizeof(uint64_t);
  rt::Result<rt::Span<uint8_t>> memory = arena.make_raw<uint8_t>(heap_bytes + tokens.count * sizeof(Node));
  if (!memory) return memory.error();
  const rt::Span<Node> nodes = {reinterpret_cast<Node*>(memory->data + heap_bytes), tokens.count};
  Merger(rules, nodes, reinterpret_cast<uint64_t*>(memory->data)).run(tokens);
  uint64_t n = 0;
  if (tokens.count)
    for (uint32_t i = 0; i != kNone; i = nodes[i].next) tokens[n++] = nodes[i].token;
  arena.rewind(mark);
  return n;
}

}  // namespace model
