#include "model/formats/llama2c_tokenizer.hpp"

namespace model {
namespace {

constexpr uint64_t kHeader = 4, kRecord = 8;  // what comes before all tokens, and before each

rt::Result<SentencePiece> create(uint64_t file_bytes, uint32_t vocab_size, rt::Arena& arena, rt::Arena& scratch) {
  const uint64_t records = kHeader + uint64_t{vocab_size} * kRecord;
  return SentencePiece::create({}, vocab_size, file_bytes > records ? file_bytes - records : 0, arena, scratch);
}

const rt::Error& too_short(const Stream& stream, uint32_t vocab_size) {
  return stream.refuse(stream.position(),
                       "too short for the model's %'u tokens: not this model's tokenizer, or cut short", vocab_size);
}

/// Reads the record of the next token.
rt::Result<void> read_token(Stream& stream, SentencePiece& s, uint32_t vocab_size) {
  const Token token = s.pieces().count();
  if (stream.left() < kRecord) return too_short(stream, vocab_size);
  rt::Result<float> score = stream.read<float>();
  if (!score) return score.error();
  rt::Result<int32_t> length = stream.read<int32_t>();
  if (!length) return length.error();
  const uint32_t bytes = uint32_t(*length);
  if (bytes > stream.left())
    return stream.refuse(stream.position(), "token %'u is %d bytes long, with %'llu left in the file: not this model's "
                         "tokenizer, or cut short", token, *length, static_cast<unsigned long long>(stream.left()));
  if (bytes > Pieces::kLongest)
    return stream.refuse(stream.position(), "token %'u is %'u bytes long; this program knows tokens of up to %'u",
                         token, bytes, Pieces::kLongest);
  const rt::Span<char> place = s.pieces().next();
  if (bytes > place.count) return too_short(stream, vocab_size);  // what is left are other tokens' records
  if (rt::Result<void> read = stream.read(place.data, bytes); !read) return read;
  s.add(bytes, *score);
  return {};
}

rt::Result<SentencePiece> read(Stream& stream, uint32_t vocab_size, rt::Arena& arena, rt::Arena& scratch) {
  rt::Result<SentencePiece> s = create(stream.size(), vocab_size, arena, scratch);
  if (!s) return s;
  if (stream.size() < kHeader)
    return stream.refuse(0, "not a tokenizer: the file has only %'llu bytes",
                         static_cast<unsigned long long>(stream.size()));
  rt::Result<void> done = stream.skip(kHeader);
  while (done && s->pieces().count() < vocab_size) done = read_token(stream, *s, vocab_size);
  if (!done) return done.error();
  s->pieces().finish();
  if (stream.left())
    return stream.refuse(stream.position(), "more than the model's %'u tokens (%'llu bytes behind them): this is "
                         "another model's tokenizer", vocab_size, static_cast<unsigned long long>(stream.left()));
  return s;
}

}  // namespace

TokenizerBytes tokenizer_bytes(uint64_t file_bytes, uint32_t vocab_size) {
  rt::Arena arena = rt::Arena::counting(), scratch = rt::Arena::counting();
  (void)create(file_bytes, vocab_size, arena, scratch);
  return {arena.used(), scratch.used()};
}

rt::Result<SentencePiece> read_tokenizer(Stream& stream, uint32_t vocab_size, rt::Arena& arena,
                                         rt::Arena& scratch) {
  const rt::Arena::Mark mark = scratch.mark();
  rt::Result<SentencePiece> tokenizer = read(stream, vocab_size, arena, scratch);
  scratch.rewind(mark);
  return tokenizer;
}

}  // namespace model
