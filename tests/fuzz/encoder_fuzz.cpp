// Prompts through the encoder and back.
//
// For every text, with a vocabulary that has all bytes: the tokens are those of llama2.c's loop
// over all pairs; each is one of the vocabulary; there are at most two more than the text has
// bytes; joined again they are the text. Where the arena is too small, it says so and gives back
// what it took.
#include <memory>

#include "model/formats/llama2c_tokenizer.hpp"
#include "tests/fuzz/fuzz.hpp"
#include "tests/host/made_checkpoint.hpp"
#include "tests/host/vocabulary.hpp"

namespace {

using fuzz::must;
using test::Piece;

/// A vocabulary of bytes, letters, their runs, and characters of more than one byte; pieces whose
/// scores are extremes; every text of up to four D and E, where one merger makes two more possible.
std::vector<Piece> made_pieces() {
  std::vector<Piece> pieces = test::pieces_of(test::made_tokenizer(1300));
  const Piece more[] = {
      {"é", -7}, {"ü", -2000}, {"中", 3}, {"文", 0}, {"中文", -1}, {"😀", 1}, {"😀😀", 2},
      {"\n", -1}, {"\n\n", -3}, {"A", 0}, {"B", 0}, {"C", 0}, {"ABC", 1}, {"AB", -2e10f},
      {"BC", __builtin_inff()}, {"AA", -__builtin_inff()}, {"BB", __builtin_nanf("")}};
  pieces.insert(pieces.end(), std::begin(more), std::end(more));
  std::vector<std::string> runs = {"D", "E"};
  for (size_t i = 0; runs.size() < 30; ++i)
    for (const char letter : {'D', 'E'}) runs.push_back(runs[i] + letter);
  for (const std::string& run : runs) pieces.push_back({run, run == "DE" ? 1.0f : -float(run.size())});
  return pieces;
}

struct Vocabulary {
  Vocabulary() {
    const std::vector<uint8_t> file = test::file_of(pieces);
    const auto count = uint32_t(pieces.size());
    const model::TokenizerBytes bytes = model::tokenizer_bytes(file.size(), count);
    memory = std::make_unique<test::Exact<uint8_t>>(bytes.arena);
    const test::Exact<uint8_t> scratch_memory(bytes.scratch);
    rt::Arena arena(memory->span()), scratch(scratch_memory.span());
    rt::MemorySource source("made.bin", {file.data(), file.size()});
    model::Stream stream(source);
    auto loaded = model::read_tokenizer(stream, count, arena, scratch);
    must(bool(loaded), "the made vocabulary is one");
    tokenizer = *loaded;
  }
  const std::vector<Piece> pieces = made_pieces();
  const test::NaiveEncoder naive{pieces};
  std::unique_ptr<test::Exact<uint8_t>> memory;
  model::SentencePiece tokenizer;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const Vocabulary vocabulary;
  constexpr size_t kNaive = 256;  // the naive encoder takes the square of it
  // The last byte, so that seeds are plain texts: at first, how much memory there is.
  const uint8_t room = size ? data[size - 1] : 0;
  const std::string text(reinterpret_cast<const char*>(data), size ? size - 1 : 0);
  const test::Exact<char> copy = fuzz::exact(text);

  const uint64_t enough = text.size() * 80 + 832;  // with red zones
  const test::Exact<uint8_t> memory(room < 128 ? enough : enough * (room - 128) / 128);
  rt::Arena arena(memory.span());
  auto tokens = vocabulary.tokenizer.encode(fuzz::text_of(copy), arena);
  if (!tokens) {
    must(room >= 128, "there is enough memory");
    must(tokens.error().code == rt::Errc::out_of_memory, "only memory can be missing");
    fuzz::must_be_a_sentence(tokens.error());
    return 0;
  }
  must(tokens->count >= 1 && tokens->count <= text.size() + 2, "a token has at least one byte");
  must((*tokens)[0] == 1u, "BOS comes first");
  must(arena.used() <= (text.size() + 2) * sizeof(model::Token) + 64, "only the tokens stay");
  std::string joined;
  for (uint64_t i = 1; i < tokens->count; ++i) {
    must((*tokens)[i] < vocabulary.pieces.size(), "a token is one of the vocabulary");
    joined += fuzz::string(vocabulary.tokenizer.decode((*tokens)[i - 1], (*tokens)[i]));
  }
  must(joined == text, "the tokens are the text");
  if (text.size() <= kNaive) {
    const std::vector<model::Token> got(tokens->begin(), tokens->end());
    must(got == vocabulary.naive.encode(text), "a text is encoded as llama2.c does");
  }
  return 0;
}
