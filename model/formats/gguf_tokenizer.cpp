#include "model/formats/gguf_tokenizer.hpp"

#include "model/tokenizers/byte_bpe.hpp"
#include "model/tokenizers/sentencepiece.hpp"

namespace model::gguf {
namespace {

/// Copies a piece, with spaces for the sign that SentencePiece has for them (U+2581); returns its new length.
uint32_t copy_piece(const rt::Text& piece, char* to) {
  const rt::Text sign = "\xe2\x96\x81";
  uint32_t n = 0;
  for (uint64_t i = 0; i < piece.size;) {
    const bool space = piece.from(i).starts_with(sign);
    to[n++] = space ? ' ' : piece[i];
    i += space ? sign.size : 1;
  }
  return n;
}

Tokenizer::Rules rules_of(const Vocabulary& v, Token first, Token last, bool adds_first) {
  const auto known = [&](uint32_t id, Token otherwise) { return id < v.tokens.count ? id : otherwise; };
  return {
      .first = known(v.bos, known(first, 0)),  // it is looked up in the embedding
      .adds_first = v.add_bos == Vocabulary::kUnsaid ? adds_first : v.add_bos != 0,
      .last = known(v.eos, last),
      .ends_turn = known(v.eot, kNoToken),
      .ends_message = known(v.eom, kNoToken),
      .bytes_by_name = true,
      .space_before = v.add_space_prefix != 0,
  };
}

rt::Result<const Tokenizer*> make_sentencepiece(const Vocabulary& v, Reader&, rt::Arena& arena, rt::Arena& scratch) {
  uint64_t bytes = 0;
  for (const rt::Text& token : v.tokens) bytes += token.size;
  rt::Result<rt::Span<uint8_t>> place = arena.make_raw<uint8_t>(sizeof(SentencePiece));
  if (!place) return place.error();
  rt::Result<SentencePiece> made = SentencePiece::create(rules_of(v, 1, 2, true), static_cast<uint32_t>(v.tokens.count),
                                                         bytes, arena, scratch);
  if (!made) return made.error();
  for (uint64_t i = 0; i < v.tokens.count; ++i) {
    const bool silent = SpecialTokens::silent(v.types.empty() ? uint8_t(TokenType::normal) : v.types[i], v.tokens[i]);
    made->add(silent ? 0 : copy_piece(v.tokens[i], made->pieces().next().data), v.scores.empty() ? 0 : v.scores[i]);
  }
  made->pieces().finish();
  if (rt::Result<void> done = made->specials().load(v.tokens, v.types, arena, scratch); !done) return done.error();
  return new (rt::Placement{place->data}) SentencePiece(*made);
}

rt::Result<const Tokenizer*> make_byte_bpe(const Vocabulary& v, Reader& reader, rt::Arena& arena, rt::Arena& scratch) {
  const ByteBpe::Dialect* dialect = ByteBpe::dialect(v.pre, v.tokens.count);
  if (!dialect) {
    reader.refuse_value("tokenizer.ggml.pre", v.pre, "texts cannot be cut into words in this way");
    return reader.error();
  }
  rt::Result<rt::Span<uint8_t>> place = arena.make_raw<uint8_t>(sizeof(ByteBpe));
  if (!place) return place.error();
  auto* made = new (rt::Placement{place->data}) ByteBpe;
  constexpr Token kEndOfText = 11;  // where converters say nothing
  const Tokenizer::Rules rules = rules_of(v, v.eos < v.tokens.count ? v.eos : kEndOfText, kEndOfText, dialect->llama3);
  const rt::Result<void> done = made->load(rules, *dialect, {v.tokens, v.types, v.merges}, arena, scratch);
  if (!done) return done.error();
  return made;
}

/// Kinds of tokenizers, by what tokenizer.ggml.model says.
struct Kind {
  const char* name;
  rt::Result<const Tokenizer*> (*make)(const Vocabulary&, Reader& reader, rt::Arena& arena, rt::Arena& scratch);
};
constexpr Kind kKinds[] = {{"llama", make_sentencepiece}, {"gpt2", make_byte_bpe}};

}  // namespace

rt::Result<const Tokenizer*> make_tokenizer(const Vocabulary& v, uint32_t vocab_size, Reader& reader,
                                            rt::Arena& arena, rt::Arena& scratch) {
  reader.about("tokenizer.ggml.tokens");
  if (v.tokens.count != vocab_size)
    reader.refuse(rt::Errc::bad_file, "has %'llu entries; token_embd.weight has %'u rows",
                  static_cast<unsigned long long>(v.tokens.count), vocab_size);
  const auto as_many = [&](uint64_t count, const char* key) {
    reader.about(key);
    if (count && count != v.tokens.count)
      reader.refuse(rt::Errc::bad_file, "has %'llu entries for %'llu tokens", static_cast<unsigned long long>(count),
                    static_cast<unsigned long long>(v.tokens.count));
  };
  as_many(v.scores.count, "tokenizer.ggml.scores");
  as_many(v.types.count, "tokenizer.ggml.token_type");
  if (reader.failed()) return reader.error();
  for (const Kind& kind : kKinds)
    if (v.model == kind.name) return kind.make(v, reader, arena, scratch);
  reader.refuse_value("tokenizer.ggml.model", v.model, "such a tokenizer is not supported");
  return reader.error();
}

}  // namespace model::gguf
