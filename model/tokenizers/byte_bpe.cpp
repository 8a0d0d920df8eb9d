#include "model/tokenizers/byte_bpe.hpp"

#include "model/tokenizers/end_tokens.hpp"
#include "model/tokenizers/unicode_table.hpp"
#include "rt/memory.hpp"

namespace model {
namespace {

constexpr uint64_t kLongestSpecial = 64;  // as many as special_lengths_ has bits
constexpr uint64_t kLongestToken = 1024;  // longer ones are never found, so that looking for one has a bound

// tokenizer.ggml.token_type
constexpr uint8_t kUnknown = 2, kControl = 3, kUserDefined = 4, kUnused = 5;

struct Dialect {
  const char* pre;
  Splitter::Rules rules;
  bool llama3;  // a word that is a token stays whole, whatever the merges say; and texts begin with BOS
};
constexpr Dialect kDialects[] = {
    {"gpt-2", Splitter::Rules::gpt2, false},      {"smollm", Splitter::Rules::smollm, false},
    {"starcoder", Splitter::Rules::smollm, false}, {"refact", Splitter::Rules::smollm, false},
    {"llama-bpe", Splitter::Rules::llama3, true},  {"llama3", Splitter::Rules::llama3, true},
    {"llama-v3", Splitter::Rules::llama3, true},   {"falcon3", Splitter::Rules::llama3, true},
    {"qwen2", Splitter::Rules::qwen2, false},
};

const Dialect* dialect_of(const ByteBpe::Vocabulary& vocabulary) {
  rt::Text name = vocabulary.pre;
  // Files made before there was this key do not say. Of their tokenizers only Llama 3's is known by its size.
  if ((name.empty() || name == "default") && vocabulary.tokens.count == 128256) name = "llama-bpe";
  for (const Dialect& dialect : kDialects)
    if (name == dialect.pre) return &dialect;
  return nullptr;
}

/// The byte that a character of a token's text stands for, or -1: printable characters of Latin-1 are themselves, the
/// other 68 bytes are U+0100 and up, in order.
int byte_of(char32_t c) {
  if ((c >= 0x21 && c <= 0x7e) || (c >= 0xa1 && c <= 0xff && c != 0xad)) return int(c);
  const uint32_t i = uint32_t(c) - 0x100;
  return i < 33 ? int(i) : i < 67 ? int(0x7f + i - 33) : i == 67 ? 0xad : -1;
}

/// Turns a token's text into the bytes it stands for, at `to`; their number, or -1 where it stands for none.
int64_t to_bytes(rt::Text text, char* to) {
  const char* const first = to;
  for (uint64_t i = 0; i < text.size; ++i) {
    char32_t c = uint8_t(text[i]);
    if (c >= 0xc2 && c <= 0xc5 && i + 1 < text.size && uint8_t(text[i + 1]) >> 6 == 2)
      c = (c & 0x1f) << 6 | (uint8_t(text[++i]) & 0x3f);
    else if (c >= 0x80)
      return -1;
    const int byte = byte_of(c);
    if (byte < 0) return -1;
    *to++ = char(byte);
  }
  return to - first;
}

/// Both halves of the product of two 64-bit numbers, mixed.
uint64_t fold(uint64_t a, uint64_t b) {
  const unsigned __int128 product = static_cast<unsigned __int128>(a) * b;
  return uint64_t(product) ^ uint64_t(product >> 64);
}

uint64_t hash(rt::Text text, uint64_t salt) {
  uint64_t h = fold(salt ^ 0x9e3779b97f4a7c15, text.size ^ 0xd6e8feb86659fd93);
  for (uint64_t i = 0; i < text.size;) {
    uint64_t word = 0;
    const uint64_t n = rt::min<uint64_t>(text.size - i, 8);
    for (uint64_t k = 0; k < n; ++k) word = word << 8 | uint8_t(text[i + k]);
    h = fold(h ^ word, salt | 1);
    i += n;
  }
  return fold(h, 0xa0761d6478bd642f);
}

}  // namespace

/// Puts every array where it belongs in a block of memory that starts at `at`.
ByteBpe::Scratch ByteBpe::lay_out(const Vocabulary& vocabulary, uintptr_t at) {
  const uintptr_t begin = at;
  const uint64_t n = vocabulary.tokens.count, merges = vocabulary.merges.count;
  uint64_t text_bytes = 0, buckets = 16;
  for (const rt::Text& text : vocabulary.tokens) text_bytes += text.size;
  while (buckets < 2 * n) buckets *= 2;
  const auto take = [&](auto& span, uint64_t count) {
    span = {reinterpret_cast<decltype(span.data)>(at), count};
    at += rt::round_up(span.bytes(), rt::Arena::kAlign);
  };
  rt::Span<char> text;
  Scratch scratch;
  take(byte_, 256);
  take(start_, n + 1);
  take(kind_, n);
  take(buckets_, buckets);
  take(first_, n + 2);
  take(pairs_, merges);
  take(text, text_bytes);
  text_ = text.data;
  scratch.stays = at - begin;
  take(scratch.merges, merges);
  take(scratch.order, merges);
  scratch.bytes = at - begin;
  return scratch;
}

uint64_t ByteBpe::arena_bytes(const Vocabulary& vocabulary) {
  rt::Arena arena = rt::Arena::counting();
  (void)arena.make_raw<uint32_t>(kUnicodeRuns);
  ByteBpe unused;
  return rt::round_up(arena.used(), rt::Arena::kAlign) + unused.lay_out(vocabulary, 0).bytes;
}

rt::Result<void> ByteBpe::load(const Vocabulary& vocabulary, uint64_t salt, rt::Arena& arena) {
  const Dialect* const dialect = dialect_of(vocabulary);
  if (!dialect)
    return rt::fail(rt::Errc::unsupported, 0, "%pT: its tokenizer splits texts into words as '%pT', which this program "
                    "does not know", &vocabulary.file, &vocabulary.pre);
  rt::Result<CharClasses> classes = CharClasses::unpack(arena);
  if (!classes) return classes.error();
  rt::Result<rt::Span<uint8_t>> memory = arena.make_raw<uint8_t>(lay_out(vocabulary, 0).bytes);
  if (!memory) return memory.error();
  const Scratch scratch = lay_out(vocabulary, reinterpret_cast<uintptr_t>(memory->data));
  splitter_ = Splitter(dialect->rules, *classes);
  llama3_ = dialect->llama3;
  salt_ = salt;

  rt::fill_bytes(buckets_.data, 0, buckets_.bytes());
  start_[0] = 0;
  for (Token token = 0; token < vocabulary.tokens.count; ++token)
    add(token, vocabulary.tokens[token], vocabulary.types.empty() ? 0 : vocabulary.types[token]);
  for (uint32_t byte = 0; byte < 256; ++byte) {
    const char c = char(byte);
    byte_[byte] = lookup({&c, 1}, Kind::word);
  }
  sort(scratch, vocabulary.merges);
  arena.give_back(scratch.bytes - scratch.stays);
  return {};
}

/// Where a token with this text and kind stands in the hash table, or would.
uint32_t* ByteBpe::bucket(rt::Text text, Kind kind) const {
  const uint64_t mask = buckets_.count - 1;
  uint64_t at = hash(text, salt_) & mask;
  for (; buckets_[at]; at = (at + 1) & mask) {
    const Token token = buckets_[at] - 1;
    if (kind_[token] == kind && this->text(token) == text) break;
  }
  return &buckets_[at];
}

void ByteBpe::add(Token token, rt::Text text, uint8_t type) {
  Kind kind = type == kControl || type == kUnknown || is_end_text(text) ? Kind::special
              : type == kUserDefined                                   ? Kind::literal
              : type == kUnused                                        ? Kind::unused
                                                                       : Kind::word;
  char* const to = text_ + start_[token];
  int64_t size = kind == Kind::word ? to_bytes(text, to) : -1;
  if (size < 0) {
    if (kind == Kind::word) kind = Kind::unused;
    size = int64_t(text.size);
    rt::copy_bytes(to, text.data, text.size);
  }
  start_[token + 1] = start_[token] + uint32_t(size);
  kind_[token] = kind;
  if (!size || uint64_t(size) > (kind == Kind::word ? kLongestToken : kLongestSpecial) || kind == Kind::unused) return;
  uint32_t* const at = bucket(this->text(token), kind);
  if (!*at) *at = token + 1;  // of equal texts the first counts
  if (kind == Kind::word) return;
  special_lengths_ |= uint64_t{1} << (size - 1);
  special_starts_[uint8_t(*to) / 64] |= uint64_t{1} << uint8_t(*to) % 64;
}

/// The tokens of "left right" and of both joined; false where one of them is none.
bool ByteBpe::resolve(rt::Text text, Resolved& merge) const {
  char bytes[2 * kLongestToken];
  if (text.size < 3 || text.size > sizeof bytes) return false;
  uint64_t space = 1;
  while (space < text.size && text[space] != ' ') ++space;
  if (space == text.size) return false;
  const int64_t left = to_bytes(text.part(0, space), bytes);
  if (left < 0) return false;
  const int64_t right = to_bytes(text.from(space + 1), bytes + left);
  if (right < 0) return false;
  const auto find = [&](int64_t first, int64_t n) {
    const rt::Text part(bytes + first, uint64_t(n));
    const Token token = lookup(part, Kind::word);
    return token == kNoToken ? lookup(part, Kind::literal) : token;
  };
  merge.left = find(0, left);
  merge.right = find(left, right);
  merge.merged = find(0, left + right);
  return merge.left != kNoToken && merge.right != kNoToken && merge.merged != kNoToken;
}

/// Resolves the merges and sorts them by left, right and rank: twice by counting, so that no order of theirs is a bad
/// one. Those that a vocabulary has no tokens for are left out.
void ByteBpe::sort(const Scratch& scratch, rt::Span<const rt::Text> merges) {
  uint32_t n = 0;
  for (uint32_t rank = 0; rank < merges.count; ++rank) {
    scratch.merges[n].rank = rank;
    n += resolve(merges[rank], scratch.merges[n]);
  }
  // Makes first_[key + 1] the place of the first merge with that key. Whoever then takes places from there, and counts
  // on, leaves in first_[key] what was in first_[key + 1].
  const auto count = [&](Token Resolved::*key) {
    rt::fill_bytes(first_.data, 0, first_.bytes());
    for (uint32_t i = 0; i < n; ++i) ++first_[scratch.merges[i].*key + 2];
    for (uint64_t i = 2; i < first_.count; ++i) first_[i] += first_[i - 1];
  };
  count(&Resolved::right);
  for (uint32_t i = 0; i < n; ++i) scratch.order[first_[scratch.merges[i].right + 1]++] = i;
  count(&Resolved::left);
  for (uint32_t i = 0; i < n; ++i) {
    const Resolved& merge = scratch.merges[scratch.order[i]];
    pairs_[first_[merge.left + 1]++] = {merge.right, {merge.rank, merge.merged}};
  }
}

bool ByteBpe::find(Token left, Token right, Merge& merge) const {
  if (left == kNoToken || right == kNoToken) return false;
  uint64_t low = first_[left], high = first_[left + 1];
  const uint64_t end = high;
  while (low < high) {
    const uint64_t middle = (low + high) / 2;
    if (pairs_[middle].right < right) low = middle + 1;
    else high = middle;
  }
  if (low == end || pairs_[low].right != right) return false;
  merge = pairs_[low].merge;
  return true;
}

/// The length of the longest special token or literal that `text` begins with, or 0.
uint64_t ByteBpe::special_at(rt::Text text, bool trusted, Token& token) const {
  const uint8_t start = uint8_t(text[0]);
  if (!(special_starts_[start / 64] >> start % 64 & 1)) return 0;
  for (uint64_t n = rt::min(text.size, kLongestSpecial); n; --n) {
    if (!(special_lengths_ >> (n - 1) & 1)) continue;
    const rt::Text front = text.part(0, n);
    token = trusted ? lookup(front, Kind::special) : kNoToken;
    if (token == kNoToken) token = lookup(front, Kind::literal);
    if (token != kNoToken) return n;
  }
  return 0;
}

/// Appends the tokens of `text`, without special ones, at `to`.
rt::Result<void> ByteBpe::encode_words(rt::Text text, Token*& to, rt::Arena& arena) const {
  while (!text.empty()) {
    const rt::Text word = text.part(0, splitter_.first_word(text));
    text = text.from(word.size);
    if (llama3_ && word.size <= kLongestToken) {
      const Token whole = lookup(word, Kind::word);
      if (whole != kNoToken) {
        *to++ = whole;
        continue;
      }
    }
    for (uint64_t i = 0; i < word.size; ++i) to[i] = byte_[uint8_t(word[i])];
    rt::Result<uint64_t> merged = merge_all(*this, {to, word.size}, arena);
    if (!merged) return merged.error();
    Token* const end = to + *merged;
    for (const Token* from = to; from < end; ++from)
      if (*from != kNoToken) *to++ = *from;  // bytes that the vocabulary lacks are left out
  }
  return {};
}

rt::Result<rt::Span<Token>> ByteBpe::encode(rt::Span<const TextPart> parts, rt::Arena& arena) const {
  constexpr uint64_t kLongest = uint64_t{1} << 28;  // node numbers are 32 bits
  uint64_t size = 0;
  for (const TextPart& part : parts) {
    if (part.text.size > kLongest - size)
      return rt::fail(rt::Errc::usage, part.text.size, "a text of more than %'llu bytes is too long to read",
                      static_cast<unsigned long long>(kLongest));
    size += part.text.size;
  }
  rt::Result<rt::Span<Token>> tokens = arena.make_raw<Token>(size);
  if (!tokens) return tokens;
  const rt::Arena::Mark mark = arena.mark();
  // Words are cut from the whole: where one part ends and the next begins, the model sees no border.
  rt::Result<rt::Span<char>> copy = arena.make_raw<char>(size);
  if (!copy) return copy.error();
  Token* to = tokens->data;
  uint64_t begun = 0, at = 0, filled = 0;
  for (const TextPart& part : parts) {
    rt::copy_bytes(copy->data + filled, part.text.data, part.text.size);
    filled += part.text.size;
    while (at < filled) {
      Token token;
      const uint64_t n = special_at({copy->data + at, filled - at}, part.trusted, token);
      if (!n) {
        ++at;
        continue;
      }
      if (rt::Result<void> done = encode_words({copy->data + begun, at - begun}, to, arena); !done) return done.error();
      *to++ = token;
      begun = at += n;
    }
  }
  if (rt::Result<void> done = encode_words({copy->data + begun, at - begun}, to, arena); !done) return done.error();
  arena.rewind(mark);
  return tokens->part(0, uint64_t(to - tokens->data));
}

rt::Text ByteBpe::decode(Token token) const {
  if (token >= kind_.count || kind_[token] == Kind::special || kind_[token] == Kind::unused) return {};
  return text(token);
}

}  // namespace model
