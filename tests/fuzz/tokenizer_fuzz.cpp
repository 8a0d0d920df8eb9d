// Tokenizer files.
//
// For every file and vocabulary size, in whatever pieces the file comes: it is refused with a
// sentence, or it is a tokenizer that
// - takes from its arena what arena_bytes() said;
// - holds the records that the file holds, one after the other, and nothing behind them;
// - decodes every token to the bytes of its piece, and tokens past the vocabulary to nothing;
// - encodes every text as llama2.c's loop over all pairs does, to tokens of the vocabulary.
#include "model/formats/llama2c_tokenizer.hpp"

#include <cctype>
#include <optional>

#include "tests/fuzz/source.hpp"
#include "tests/host/vocabulary.hpp"

namespace {

using fuzz::must;
using test::Piece;

constexpr uint32_t kMostTokens = 4096;   // keeps a run short
constexpr size_t kLongestText = 48;      // the naive encoder takes its square, times a look-up

/// The records of a file, where it consists of `count` of them.
std::optional<std::vector<Piece>> records(const std::vector<uint8_t>& file, uint32_t count) {
  std::vector<Piece> pieces;
  size_t at = 4;  // the length of the longest
  for (; pieces.size() < count && at + 8 <= file.size();) {
    float score;
    uint32_t length;
    std::memcpy(&score, &file[at], 4);
    std::memcpy(&length, &file[at + 4], 4);
    at += 8;
    if (length > file.size() - at || length > 1024) return {};
    pieces.push_back({std::string(file.begin() + int64_t(at), file.begin() + int64_t(at + length)), score});
    at += length;
  }
  if (pieces.size() != count || at != file.size()) return {};
  return pieces;
}

/// What a piece stands for: <0x0A> for the byte 10.
std::string meaning(const std::string& piece) {
  const auto is_hex = [](char c) { return std::isxdigit(uint8_t(c)); };
  if (piece.size() != 6 || piece.substr(0, 3) != "<0x" || piece[5] != '>' || !is_hex(piece[3]) || !is_hex(piece[4]))
    return piece;
  return std::string(1, char(std::stoi(piece.substr(3, 2), nullptr, 16)));
}

void check_decode(const model::SentencePiece& tokenizer, const std::vector<Piece>& pieces) {
  const uint32_t count = uint32_t(pieces.size());
  for (model::Token token = 0; token < count; ++token) {
    const std::string& piece = pieces[token].text;
    must(fuzz::string(tokenizer.decode(0, token)) == meaning(piece), "a token decodes to its piece");
    const std::string after_bos = piece.substr(piece.starts_with(' '));
    must(fuzz::string(tokenizer.decode(1, token)) == meaning(after_bos), "BOS swallows a space");
  }
  for (const model::Token token : {count, count + 1, ~0u})
    must(tokenizer.decode(0, token).empty(), "a token past the vocabulary is empty");
}

void check_encode(const model::SentencePiece& tokenizer, const std::vector<Piece>& pieces, const std::string& text) {
  const test::Exact<char> copy = fuzz::exact(text);
  const test::Exact<uint8_t> memory(text.size() * 80 + 832);
  rt::Arena arena(memory.span());
  auto tokens = tokenizer.encode(fuzz::text_of(copy), arena);
  must(bool(tokens), "a text is encoded");
  const std::vector<model::Token> got(tokens->begin(), tokens->end());
  must(got == test::NaiveEncoder(pieces).encode(text), "a text is encoded as llama2.c does");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fuzz::Input input(data, size);
  const uint32_t count = input.number<uint16_t>() % kMostTokens + 1;
  const uint8_t piece_size = input.byte(), trouble = input.byte();
  const std::string text = input.text_until('\0').substr(0, kLongestText);
  const std::vector<uint8_t> file = input.rest();

  // What is missing: some bytes of memory, or the rest of the medium.
  const uint64_t shortage = trouble < 128 ? trouble : 0;
  const uint64_t breaks_at = trouble < 128 ? file.size() : file.size() * (trouble - 128u) / 128;

  const auto [bytes, scratch_bytes] = model::tokenizer_bytes(file.size(), count);
  const test::Exact<uint8_t> memory(bytes - rt::min(shortage, bytes)), scratch_memory(scratch_bytes);
  rt::Arena arena(memory.span()), scratch(scratch_memory.span());
  fuzz::Source source(file, file.size(), breaks_at, uint64_t{1} + piece_size);
  model::Stream stream(source);
  auto tokenizer = model::read_tokenizer(stream, count, arena, scratch);
  must(scratch.used() == 0, "the scratch arena is rewound");
  const auto pieces = records(file, count);
  if (!tokenizer) {
    fuzz::must_be_a_sentence(tokenizer.error());
    must(trouble || !pieces, "a whole file with enough memory is a tokenizer");
    must(!shortage || tokenizer.error().code == rt::Errc::out_of_memory, "too little memory is named");
    return 0;
  }
  must(!shortage, "too little memory is noticed");
  must(breaks_at == file.size(), "a broken medium is noticed");
  must(bool(pieces), "what is a tokenizer is a whole file");
  must(arena.used() == bytes, "a tokenizer takes what it said");
  check_decode(*tokenizer, *pieces);
  check_encode(*tokenizer, *pieces, text);
  // A text of pieces that do occur, so that there is something to merge.
  std::string own;
  for (size_t i = 0; i < pieces->size() && own.size() < kLongestText; ++i)
    own += (*pieces)[(i * 5 + piece_size) % pieces->size()].text;
  check_encode(*tokenizer, *pieces, own.substr(0, kLongestText));
  return 0;
}
