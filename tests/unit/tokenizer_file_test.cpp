// tokenizer.bin: what Tokenizer::load takes and what it refuses.
#include <random>

#include "tests/unit/made_tokenizer.hpp"

namespace {

using model::Token;
using test::Piece;

/// Reads a tokenizer into exactly the memory that it wants, but for what is lacking.
class Loading {
 public:
  Loading(const std::vector<uint8_t>& file, uint32_t vocab_size, uint64_t lacking = 0, uint64_t scratch_lacking = 0)
      : bytes(model::tokenizer_bytes(file.size(), vocab_size)),
        memory_(bytes.arena - lacking), scratch_(bytes.scratch - scratch_lacking), vocab_size_(vocab_size) {}

  rt::Result<model::SentencePiece> from(rt::ByteSource& source) {
    rt::Arena arena(memory_.span()), scratch(scratch_.span());
    model::Stream stream(source);
    rt::Result<model::SentencePiece> tokenizer = model::read_tokenizer(stream, vocab_size_, arena, scratch);
    EXPECT_EQ(scratch.used(), 0u);
    return tokenizer;
  }

  const model::TokenizerBytes bytes;

 private:
  test::Exact<uint8_t> memory_, scratch_;
  uint32_t vocab_size_;
};

/// The sentence of the error that loading `file` for `vocab_size` tokens must give.
std::string refusal(const std::vector<uint8_t>& file, uint32_t vocab_size) {
  test::PieceSource source(file, {100});
  const auto tokenizer = Loading(file, vocab_size).from(source);
  EXPECT_FALSE(tokenizer);
  if (tokenizer) return "";
  EXPECT_EQ(tokenizer.error().code, rt::Errc::bad_file);
  EXPECT_LE(tokenizer.error().detail, file.size());  // an offset in the file
  const std::string text = tokenizer.error().text;
  EXPECT_EQ(text.rfind("made.bin: ", 0), 0u) << text;
  return text.substr(10);
}

TEST(TokenizerFile, EveryTruncationIsRefused) {
  const auto whole = test::made_tokenizer(300);
  for (size_t n = 0; n < whole.size(); ++n) {
    const std::vector<uint8_t> file(whole.begin(), whole.begin() + int64_t(n));
    const std::string text = refusal(file, 300);
    const std::string fault =
        n < 4 ? "not a tokenizer: the file has only " + std::to_string(n) + " bytes"
              : "not this model's tokenizer, or cut short";
    ASSERT_NE(text.find(fault), std::string::npos) << n << " bytes: " << text;
  }
}

TEST(TokenizerFile, OfAnotherVocabularyIsRefused) {
  const auto file = test::made_tokenizer(300);
  EXPECT_EQ(refusal(file, 301), "too short for the model's 301 tokens: not this model's "
                                "tokenizer, or cut short");
  EXPECT_EQ(refusal(file, 299), "more than the model's 299 tokens (10 bytes behind them): this is "
                                "another model's tokenizer");
  refusal(file, 1 << 20);
  auto longer = file;
  longer.push_back(0);
  EXPECT_NE(refusal(longer, 300).find("(1 bytes behind them)"), std::string::npos);
}

TEST(TokenizerFile, AbsurdLengthsAreRefused) {
  const auto whole = test::made_tokenizer(300);
  for (const int32_t length : {-1, INT32_MIN, INT32_MAX, 1 << 20, int32_t(whole.size())})
    for (const size_t at : {size_t{8}, size_t{8 + 5 + 8}, whole.size() - 2 - 4}) {
      auto file = whole;
      std::memcpy(&file[at], &length, 4);
      EXPECT_NE(refusal(file, 300).find(" is " + std::to_string(length) + " bytes long, with "),
                std::string::npos) << at;
    }
}

TEST(TokenizerFile, DamagedFilesNeverCrash) {
  const auto whole = test::made_tokenizer(280);
  std::mt19937 random(4);
  for (int time = 0; time < 3000; ++time) {
    auto file = whole;
    for (uint32_t n = 1 + random() % 4; n; --n) file[random() % file.size()] = uint8_t(random());
    Loading loading(file, 280);
    test::PieceSource source(file, {64});
    auto tokenizer = loading.from(source);
    if (!tokenizer) continue;
    const test::Exact<uint8_t> room(8192);
    rt::Arena prompt(room.span());
    const auto tokens = test::need(tokenizer->encode("the \u00e9 tea", prompt));
    for (const Token token : tokens) (void)test::string(tokenizer->decode(1, token));
  }
}

TEST(TokenizerFile, ABrokenMediumIsReportedAsItSays) {
  const auto file = test::made_tokenizer(300);
  for (uint64_t broken_from = 0; broken_from < file.size(); broken_from += 7) {
    test::PieceSource source(file, {10});
    source.broken_from = broken_from;
    const auto tokenizer = Loading(file, 300).from(source);
    ASSERT_FALSE(tokenizer);
    EXPECT_STREQ(tokenizer.error().text, "made.bin: the medium is broken");
  }
}

TEST(TokenizerFile, OneByteTooFewIsSaidToBeTooFew) {
  for (const uint32_t vocab_size : {1, 3, 16, 300}) {
    std::vector<Piece> pieces = test::with_bytes(std::vector<Piece>(41, {"x"}));
    pieces.resize(vocab_size);
    const auto file = test::file_of(pieces);
    const auto expect_too_few = [&](uint64_t lacking, uint64_t scratch_lacking) {
      test::PieceSource source(file, {1000});
      const auto tokenizer = Loading(file, vocab_size, lacking, scratch_lacking).from(source);
      ASSERT_FALSE(tokenizer) << vocab_size << ", " << lacking << ", " << scratch_lacking;
      EXPECT_EQ(tokenizer.error().code, rt::Errc::out_of_memory);
      EXPECT_EQ(std::string(tokenizer.error().text).rfind("out of memory", 0), 0u);
    };
    const model::TokenizerBytes bytes = model::tokenizer_bytes(file.size(), vocab_size);
    for (uint64_t lacking = 1; lacking < bytes.arena; lacking += 1 + lacking / 3) expect_too_few(lacking, 0);
    for (uint64_t lacking = 1; lacking < bytes.scratch; lacking += 1 + lacking / 3) expect_too_few(0, lacking);
  }
}

TEST(TokenizerFile, PiecesOfMoreThanAKilobyteAreRefused) {
  for (const size_t length : {1023, 1024, 1025, 5000}) {
    const auto file = test::file_of(test::with_bytes({{"x"}, {std::string(length, 'y')}}));
    if (length <= 1024) {
      const test::MadeTokenizer tokenizer(file, 261);
      EXPECT_EQ(test::string(tokenizer->decode(0, 260)), std::string(length, 'y'));
      continue;
    }
    EXPECT_NE(refusal(file, 261).find("token 260 is "), std::string::npos);
    EXPECT_NE(refusal(file, 261).find("bytes long; this program knows tokens of up to 1,024"), std::string::npos);
  }
}

}  // namespace
