#include "model/tokenizers/sentencepiece.hpp"

namespace model {
namespace {

constexpr Token kFirstByte = 3;       // byte b is token b + 3
constexpr float kNeverMerged = -1e10f;  // llama2.c merges only above this score

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

struct ByteTable {
  char bytes[256];
};
constexpr ByteTable kBytes = [] {
  ByteTable table{};
  for (int i = 0; i < 256; ++i) table.bytes[i] = char(i);
  return table;
}();

/// The length of the first character, as llama2.c cuts: a byte and up to three that continue it.
uint64_t character_length(rt::Text text) {
  uint64_t n = 1;
  while (n < text.size && n < 4 && (uint8_t(text[n]) & 0xc0) == 0x80) ++n;
  return n;
}

}  // namespace

rt::Result<SentencePiece> SentencePiece::create(uint32_t count, uint64_t bytes, rt::Arena& arena,
                                                rt::Arena& scratch) {
  rt::Result<rt::Span<float>> score = arena.make_raw<float>(count);
  if (!score) return score.error();
  rt::Result<Pieces> pieces = Pieces::create(count, bytes, arena, scratch);
  if (!pieces) return pieces.error();
  SentencePiece s;
  s.pieces_ = *pieces;
  s.score_ = *score;
  return s;
}

void SentencePiece::add(uint32_t length, float score) {
  score_[pieces_.count()] = score;
  pieces_.add(length);
}

/// Writes `text` to `to` as one token per character, or per byte where the vocabulary lacks the
/// character; returns the end.
Token* SentencePiece::split(rt::Text text, Token* to) const {
  while (!text.empty()) {
    const uint64_t n = character_length(text);
    const int64_t whole = pieces_.find(text.part(0, n));
    if (whole >= 0)
      *to++ = static_cast<Token>(whole);
    else
      for (uint64_t i = 0; i < n; ++i) {
        const Token byte = kFirstByte + uint8_t(text[i]);
        *to++ = byte < pieces_.count() ? byte : 0;
      }
    text = text.from(n);
  }
  return to;
}

/// Merges adjacent pairs, best first: a doubly linked list of tokens, and a heap of the mergers
/// that were possible when they were found.
class SentencePiece::Merger {
 public:
  static rt::Result<uint64_t> merge(const SentencePiece& tokenizer, rt::Span<Token> tokens,
                                    rt::Arena& arena) {
    const rt::Arena::Mark mark = arena.mark();
    // Every token has a pair to its right at first; every merger takes one out and makes at most two.
    rt::Result<rt::Span<Node>> nodes = arena.make_raw<Node>(tokens.count);
    rt::Result<rt::Span<Merge>> heap = arena.make_raw<Merge>(tokens.count * 2);
    if (!nodes) return nodes.error();
    if (!heap) return heap.error();
    Merger merger(tokenizer, *nodes, *heap);
    merger.run(tokens);
    uint64_t n = 0;
    for (uint64_t i = 0; i != kNone; i = merger.nodes_[i].next) tokens[n++] = merger.nodes_[i].token;
    tokenizer.pieces_.count_steps(merger.steps_);
    arena.rewind(mark);
    return n;
  }

 private:
  static constexpr uint32_t kNone = ~0u;
  struct Node {
    Token token;
    uint32_t previous, next;
    TextHash hash;
  };
  struct Merge {
    float score;
    uint32_t left;             // node
    Token first, second, merged;
    bool before(const Merge& other) const {
      return score > other.score || (score == other.score && left < other.left);
    }
  };

  Merger(const SentencePiece& tokenizer, rt::Span<Node> nodes, rt::Span<Merge> heap)
      : tokenizer_(tokenizer), nodes_(nodes), heap_(heap) {}

  void run(rt::Span<const Token> tokens) {
    const uint32_t n = static_cast<uint32_t>(tokens.count);
    for (uint32_t i = 0; i < n; ++i) nodes_[i] = {tokens[i], i ? i - 1 : kNone, i + 1 < n ? i + 1 : kNone,
                                           TextHash(tokenizer_.pieces_[tokens[i]])};
    for (uint32_t i = 0; i + 1 < n; ++i) consider(i);
    while (size_) {
      const Merge best = pop();
      Node& left = nodes_[best.left];
      // A merger is stale when either of its tokens has been merged away since.
      if (left.token != best.first || left.next == kNone) continue;
      Node& right = nodes_[left.next];
      if (right.token != best.second) continue;
      left.token = best.merged;
      left.hash = left.hash + right.hash;
      right.token = kNone;
      left.next = right.next;
      if (left.next != kNone) nodes_[left.next].previous = best.left;
      if (left.previous != kNone) consider(left.previous);
      consider(best.left);
    }
  }

  void consider(uint32_t left) {
    const uint32_t right = nodes_[left].next;
    if (right == kNone) return;
    const Token first = nodes_[left].token, second = nodes_[right].token;
    const Pieces& pieces = tokenizer_.pieces_;
    const int64_t merged =
        pieces.find(pieces[first], pieces[second], nodes_[left].hash + nodes_[right].hash);
    if (merged < 0) return;
    const float score = tokenizer_.score_[uint64_t(merged)];
    if (score > kNeverMerged) push({score, left, first, second, static_cast<Token>(merged)});
  }

  void push(const Merge& merge) {
    uint64_t at = size_++;
    for (; at && merge.before(heap_[(at - 1) / 2]); at = (at - 1) / 2) heap_[at] = heap_[(at - 1) / 2], ++steps_;
    heap_[at] = merge;
  }

  Merge pop() {
    const Merge top = heap_[0], last = heap_[--size_];
    uint64_t at = 0;
    for (uint64_t child; (child = 2 * at + 1) < size_; at = child) {
      if (child + 1 < size_ && heap_[child + 1].before(heap_[child])) ++child;
      if (!heap_[child].before(last)) break;
      heap_[at] = heap_[child];
      ++steps_;
    }
    heap_[at] = last;
    return top;
  }

  const SentencePiece& tokenizer_;
  rt::Span<Node> nodes_;
  rt::Span<Merge> heap_;
  uint64_t size_ = 0, steps_ = 0;
};

rt::Result<rt::Span<Token>> SentencePiece::encode(rt::Text text, rt::Arena& arena) const {
  constexpr uint64_t kLongest = uint64_t{1} << 28;  // node numbers are 32 bits
  if (text.size > kLongest)
    return rt::fail(rt::Errc::usage, text.size, "a prompt of %'llu bytes is too long",
                    static_cast<unsigned long long>(text.size));
  rt::Result<rt::Span<Token>> tokens = arena.make_raw<Token>(text.size + 2);
  if (!tokens) return tokens;
  (*tokens)[0] = kBos;
  uint64_t count = 1;
  if (!text.empty()) {
    Token* const first = tokens->data + 1;
    const Token* end = split(text, split(" ", first));
    rt::Result<uint64_t> merged = Merger::merge(*this, {first, uint64_t(end - first)}, arena);
    if (!merged) return merged.error();
    count += *merged;
  }
  return tokens->part(0, count);
}

rt::Text SentencePiece::decode(Token previous, Token token) const {
  if (token >= pieces_.count()) return {};
  rt::Text text = pieces_[token];
  if (previous == kBos && text.starts_with(" ")) text = text.from(1);
  if (text.size == 6 && text.starts_with("<0x") && text[5] == '>') {
    const int high = hex_digit(text[3]), low = hex_digit(text[4]);
    if (high >= 0 && low >= 0) return {kBytes.bytes + high * 16 + low, 1};
  }
  return text;
}

}  // namespace model
