// tokenizer.bin: what Tokenizer::load takes and what it refuses.
#include <random>

#include "tests/unit/made_tokenizer.hpp"

namespace {

using model::Token;
using model::Tokenizer;
using test::Piece;

/// The sentence of the error that loading `file` for `vocab_size` tokens must give.
std::string refusal(const std::vector<uint8_t>& file, uint32_t vocab_size) {
  const test::Exact<uint8_t> memory(Tokenizer::arena_bytes(file.size(), vocab_size));
  rt::Arena arena(memory.span());
  test::PieceSource source(file, {100});
  const auto tokenizer = Tokenizer::load(source, vocab_size, arena);
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
    const test::Exact<uint8_t> memory(Tokenizer::arena_bytes(file.size(), 280));
    rt::Arena arena(memory.span());
    test::PieceSource source(file, {64});
    auto tokenizer = Tokenizer::load(source, 280, arena);
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
    const test::Exact<uint8_t> memory(Tokenizer::arena_bytes(file.size(), 300));
    rt::Arena arena(memory.span());
    test::PieceSource source(file, {10});
    source.broken_from = broken_from;
    const auto tokenizer = Tokenizer::load(source, 300, arena);
    ASSERT_FALSE(tokenizer);
    EXPECT_STREQ(tokenizer.error().text, "made.bin: the medium is broken");
  }
}

TEST(TokenizerFile, OneByteTooFewIsSaidToBeTooFew) {
  for (const uint32_t vocab_size : {1, 3, 16, 300}) {
    std::vector<Piece> pieces = test::with_bytes(std::vector<Piece>(41, {"x"}));
    pieces.resize(vocab_size);
    const auto file = test::file_of(pieces);
    const uint64_t bytes = Tokenizer::arena_bytes(file.size(), vocab_size);
    for (uint64_t lacking = 1; lacking < bytes; lacking += 1 + lacking / 3) {
      const test::Exact<uint8_t> memory(bytes - lacking);
      rt::Arena arena(memory.span());
      test::PieceSource source(file, {1000});
      const auto tokenizer = Tokenizer::load(source, vocab_size, arena);
      ASSERT_FALSE(tokenizer) << vocab_size << ", " << lacking;
      EXPECT_EQ(tokenizer.error().code, rt::Errc::out_of_memory);
      EXPECT_EQ(std::string(tokenizer.error().text).rfind("out of memory", 0), 0u);
    }
  }
}

}  // namespace
