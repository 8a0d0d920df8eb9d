#include "model/tokenizers/sentencepiece.hpp"

namespace model {
namespace {

constexpr Token kFirstByte = 3;       // byte b is token b + 3
constexpr float kNeverMerged = -1e10f;  // llama2.c merges only above this score

/// FNV-1a over two texts as if they were one.
uint64_t hash(rt::Text left, rt::Text right) {
  uint64_t h = 0xcbf29ce484222325;
  for (char c : left) h = (h ^ uint8_t(c)) * 0x100000001b3;
  for (char c : right) h = (h ^ uint8_t(c)) * 0x100000001b3;
  return h ^ h >> 32;
}

uint64_t bucket_count(uint32_t vocab_size) {
  uint64_t n = 16;
  while (n < uint64_t{vocab_size} * 3 / 2) n *= 2;
  return n;
}

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

rt::Result<rt::Span<char>> Tokenizer::allocate(uint64_t file_bytes, uint32_t vocab_size,
                                               rt::Arena& arena) {
  const uint64_t records = 4 + uint64_t{vocab_size} * 8;
  rt::Result<rt::Span<uint32_t>> start = arena.make_raw<uint32_t>(uint64_t{vocab_size} + 1);
  rt::Result<rt::Span<float>> score = arena.make_raw<float>(vocab_size);
  rt::Result<rt::Span<uint32_t>> buckets = arena.make_raw<uint32_t>(bucket_count(vocab_size));
  rt::Result<rt::Span<char>> text =
      arena.make_raw<char>(file_bytes > records ? file_bytes - records : 0);
  if (!start) return start.error();
  if (!score) return score.error();
  if (!buckets) return buckets.error();
  if (!text) return text.error();
  start_ = *start;
  score_ = *score;
  buckets_ = *buckets;
  text_ = text->data;
  return *text;
}

uint64_t Tokenizer::arena_bytes(uint64_t file_bytes, uint32_t vocab_size) {
  rt::Arena arena = rt::Arena::counting();
  Tokenizer unused;
  (void)unused.allocate(file_bytes, vocab_size, arena);
  return arena.used();
}

rt::Result<Tokenizer> Tokenizer::load(rt::ByteSource& source, uint32_t vocab_size, rt::Arena& arena) {
  Tokenizer t;
  rt::Result<rt::Span<char>> text = t.allocate(source.size(), vocab_size, arena);
  if (!text) return text.error();
  rt::fill_bytes(t.buckets_.data, 0, t.buckets_.bytes());
  const rt::Text name = source.name();
  int32_t longest = 0;
  if (source.size() < sizeof longest)
    return rt::fail(rt::Errc::bad_file, 0, "%pT: not a tokenizer: the file has only %'llu bytes",
                    &name, static_cast<unsigned long long>(source.size()));
  if (rt::Result<void> read = rt::read_exactly(source, &longest, sizeof longest); !read)
    return read.error();

  uint64_t used = 0, left = source.size() - sizeof longest;
  const auto too_short = [&] {
    return rt::fail(rt::Errc::bad_file, source.size() - left,
                    "%pT: too short for the model's %'u tokens: not this model's tokenizer, or "
                    "cut short", &name, vocab_size);
  };
  for (Token token = 0; token < vocab_size; ++token) {
    struct {
      float score;
      int32_t length;
    } record;
    if (left < sizeof record) return too_short();
    if (rt::Result<void> read = rt::read_exactly(source, &record, sizeof record); !read)
      return read.error();
    left -= sizeof record;
    const uint64_t length = static_cast<uint32_t>(record.length);
    if (length > left)
      return rt::fail(rt::Errc::bad_file, source.size() - left,
                      "%pT: token %'u is %d bytes long, with %'llu left in the file: not this "
                      "model's tokenizer, or cut short", &name, token,
                      record.length, static_cast<unsigned long long>(left));
    if (length > text->count - used) return too_short();  // what is left are other tokens' records
    if (rt::Result<void> read = rt::read_exactly(source, text->data + used, length); !read)
      return read.error();
    left -= length;
    t.score_[token] = record.score;
    t.start_[token] = static_cast<uint32_t>(used);
    used += length;
    t.start_[token + 1] = static_cast<uint32_t>(used);
    t.insert(token);
  }
  if (left)
    return rt::fail(rt::Errc::bad_file, source.size() - left,
                    "%pT: more than the model's %'u tokens (%'llu bytes behind them): this is "
                    "another model's tokenizer", &name, vocab_size,
                    static_cast<unsigned long long>(left));
  return t;
}

rt::Text Tokenizer::piece(Token token) const {
  return {text_ + start_[token], start_[token + 1] - start_[token]};
}

/// The first token whose piece is `left` and `right` joined, or -1.
int64_t Tokenizer::find(rt::Text left, rt::Text right) const {
  const uint64_t mask = buckets_.count - 1;
  for (uint64_t at = hash(left, right) & mask; buckets_[at]; at = (at + 1) & mask) {
    const rt::Text found = piece(buckets_[at] - 1);
    if (found.size == left.size + right.size && found.part(0, left.size) == left &&
        found.from(left.size) == right)
      return int64_t{buckets_[at]} - 1;
  }
  return -1;
}

void Tokenizer::insert(Token token) {
  if (find(piece(token), {}) >= 0) return;  // of equal pieces the first counts
  const uint64_t mask = buckets_.count - 1;
  uint64_t at = hash(piece(token), {}) & mask;
  while (buckets_[at]) at = (at + 1) & mask;
  buckets_[at] = token + 1;
}

/// Writes `text` to `to` as one token per character, or per byte where the vocabulary lacks the
/// character; returns the end.
Token* Tokenizer::split(rt::Text text, Token* to) const {
  while (!text.empty()) {
    const uint64_t n = character_length(text);
    const int64_t whole = find(text.part(0, n), {});
    if (whole >= 0)
      *to++ = static_cast<Token>(whole);
    else
      for (uint64_t i = 0; i < n; ++i) {
        const Token byte = kFirstByte + uint8_t(text[i]);
        *to++ = byte < score_.count ? byte : 0;
      }
    text = text.from(n);
  }
  return to;
}

/// Merges adjacent pairs, best first: a doubly linked list of tokens, and a heap of the mergers
/// that were possible when they were found.
class Tokenizer::Merger {
 public:
  static rt::Result<uint64_t> merge(const Tokenizer& tokenizer, rt::Span<Token> tokens,
                                    rt::Arena& arena) {
    const uint64_t mark = arena.mark();
    // Every token has a pair to its right at first, and every merger makes at most two new ones.
    rt::Result<rt::Span<Node>> nodes = arena.make_raw<Node>(tokens.count);
    rt::Result<rt::Span<Merge>> heap = arena.make_raw<Merge>(tokens.count * 3);
    if (!nodes) return nodes.error();
    if (!heap) return heap.error();
    Merger merger(tokenizer, *nodes, *heap);
    merger.run(tokens);
    uint64_t n = 0;
    for (uint64_t i = 0; i != kNone; i = merger.nodes_[i].next) tokens[n++] = merger.nodes_[i].token;
    arena.rewind(mark);
    return n;
  }

 private:
  static constexpr uint32_t kNone = ~0u;
  struct Node {
    Token token;
    uint32_t previous, next;
  };
  struct Merge {
    float score;
    uint32_t left;             // node
    Token first, second, merged;
    bool before(const Merge& other) const {
      return score > other.score || (score == other.score && left < other.left);
    }
  };

  Merger(const Tokenizer& tokenizer, rt::Span<Node> nodes, rt::Span<Merge> heap)
      : tokenizer_(tokenizer), nodes_(nodes), heap_(heap) {}

  void run(rt::Span<const Token> tokens) {
    const uint32_t n = static_cast<uint32_t>(tokens.count);
    for (uint32_t i = 0; i < n; ++i) nodes_[i] = {tokens[i], i ? i - 1 : kNone, i + 1 < n ? i + 1 : kNone};
    for (uint32_t i = 0; i + 1 < n; ++i) consider(i);
    while (size_) {
      const Merge best = pop();
      Node& left = nodes_[best.left];
      // A merger is stale when either of its tokens has been merged away since.
      if (left.token != best.first || left.next == kNone) continue;
      Node& right = nodes_[left.next];
      if (right.token != best.second) continue;
      left.token = best.merged;
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
    const int64_t merged = tokenizer_.find(tokenizer_.piece(first), tokenizer_.piece(second));
    if (merged < 0) return;
    const float score = tokenizer_.score_[uint64_t(merged)];
    if (score > kNeverMerged) push({score, left, first, second, static_cast<Token>(merged)});
  }

  void push(const Merge& merge) {
    uint64_t at = size_++;
    for (; at && merge.before(heap_[(at - 1) / 2]); at = (at - 1) / 2) heap_[at] = heap_[(at - 1) / 2];
    heap_[at] = merge;
  }

  Merge pop() {
    const Merge top = heap_[0], last = heap_[--size_];
    uint64_t at = 0;
    for (uint64_t child; (child = 2 * at + 1) < size_; at = child) {
      if (child + 1 < size_ && heap_[child + 1].before(heap_[child])) ++child;
      if (!heap_[child].before(last)) break;
      heap_[at] = heap_[child];
    }
    heap_[at] = last;
    return top;
  }

  const Tokenizer& tokenizer_;
  rt::Span<Node> nodes_;
  rt::Span<Merge> heap_;
  uint64_t size_ = 0;
};

rt::Result<rt::Span<Token>> Tokenizer::encode(rt::Text text, rt::Arena& arena) const {
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

rt::Text Tokenizer::decode(Token previous, Token token) const {
  if (token >= score_.count) return {};
  rt::Text text = piece(token);
  if (previous == kBos && text.starts_with(" ")) text = text.from(1);
  if (text.size == 6 && text.starts_with("<0x") && text[5] == '>') {
    const int high = hex_digit(text[3]), low = hex_digit(text[4]);
    if (high >= 0 && low >= 0) return {kBytes.bytes + high * 16 + low, 1};
  }
  return text;
}

}  // namespace model
