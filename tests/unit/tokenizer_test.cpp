#include "model/tokenizers/sentencepiece.hpp"

#include <cmath>
#include <random>

#include "tests/unit/made_tokenizer.hpp"

namespace {

using model::Token;
using test::MadeTokenizer;
using test::NaiveEncoder;
using test::Piece;
using test::with_bytes;
using Tokens = std::vector<Token>;

std::string draw_text(std::mt19937& random, const std::string& letters, size_t n) {
  std::string text;
  for (; n; --n) text += letters[random() % letters.size()];
  return text;
}

TEST(Tokenizer, EncodesAsTheNaiveEncoderDoes) {
  const auto file = test::made_tokenizer(1000);
  const auto pieces = test::pieces_of(file);
  ASSERT_EQ(pieces.size(), 1000u);
  const NaiveEncoder naive(pieces);
  const MadeTokenizer tokenizer(file, 1000);
  std::mt19937 random(1);
  for (size_t n = 0; n < 70; ++n)
    for (const char* letters :
         {" etaoi", "et", "e", " etaoinshrdlucmfwygpbvkxqjz.,'", "eE\n\xc3\xa9\xe2\x82"}) {
      const std::string text = draw_text(random, letters, n);
      ASSERT_EQ(tokenizer.encode(text), naive.encode(text)) << text;
    }
}

TEST(Tokenizer, EncodesAsTheNaiveEncoderDoesWithAnyVocabulary) {
  std::mt19937 random(2);
  const float scores[] = {0, 1, 2, -1, -1e10f, -2e10f, 1e30f, NAN, INFINITY, -INFINITY};
  for (int time = 0; time < 150; ++time) {
    const std::string letters = time % 3 ? "ab \xc3\xa9" : "abc";
    std::vector<Piece> more;
    for (size_t n = 1 + random() % 40; n; --n)  // repeated pieces and empty ones too
      more.push_back({draw_text(random, letters, random() % 5),
                      scores[random() % (time % 2 ? 4 : std::size(scores))]});
    std::vector<Piece> pieces = with_bytes(more);
    if (time % 5 == 0) pieces.resize(3 + random() % 200);  // not even all bytes
    if (time % 7 == 0) {  // nothing but these, in a number that fills its memory to the last byte
      pieces = more;
      pieces.resize(16 + random() % 2 * 16);
    }
    const NaiveEncoder naive(pieces);
    const MadeTokenizer tokenizer(pieces);
    for (size_t n = 0; n < 40; ++n) {
      const std::string text = draw_text(random, letters, n);
      ASSERT_EQ(tokenizer.encode(text), naive.encode(text)) << testing::PrintToString(text);
    }
  }
}

TEST(Tokenizer, ATextBeginsWithBosAndASpace) {
  const MadeTokenizer tokenizer(with_bytes({{" "}, {"a"}, {"b"}, {" a", 1}, {"ab", 2}}));
  EXPECT_EQ(tokenizer.encode(""), (Tokens{1}));
  EXPECT_EQ(tokenizer.encode("a"), (Tokens{1, 262}));
  EXPECT_EQ(tokenizer.encode("b"), (Tokens{1, 259, 261}));
  EXPECT_EQ(tokenizer.encode("ab"), (Tokens{1, 259, 263}));  // the better merger comes first
  EXPECT_EQ(tokenizer.encode(" "), (Tokens{1, 259, 259}));
}

TEST(Tokenizer, OfEqualMergersTheLeftmostIsFirst) {
  const MadeTokenizer tokenizer(with_bytes({{"a"}, {"aa", 1}, {" "}}));
  EXPECT_EQ(tokenizer.encode("aaaaa"), (Tokens{1, 261, 260, 260, 259}));
  const MadeTokenizer other(with_bytes({{"a"}, {"b"}, {"ab", 1}, {"ba", 1}}));
  EXPECT_EQ(other.encode("aba"), (Tokens{1, 35, 261, 259}));
  EXPECT_EQ(other.encode("bab"), (Tokens{1, 35, 262, 260}));
}

TEST(Tokenizer, OfEqualPiecesTheFirstCounts) {
  const MadeTokenizer tokenizer(with_bytes({{"a", 5}, {"a", 9}, {"aa", 1}, {"aa", 2}, {" "}}));
  EXPECT_EQ(tokenizer.encode("aa"), (Tokens{1, 263, 261}));
}

TEST(Tokenizer, TheFirstAndTheLastOfAFullTableAreWhole) {
  std::vector<Piece> pieces(16);  // 64 bytes of places and of scores
  pieces[0] = {"ab", 1}, pieces[2] = {" "}, pieces[3] = {"a"}, pieces[4] = {"b"};
  pieces[5] = {"c"}, pieces[15] = {"bc", 0.5f};
  const MadeTokenizer tokenizer(pieces);
  EXPECT_EQ(tokenizer.encode("abc"), (Tokens{1, 2, 0, 5}));
  EXPECT_EQ(tokenizer.encode("bc"), (Tokens{1, 2, 15}));
  EXPECT_EQ(test::string(tokenizer->decode(5, 15)), "bc");
}

TEST(Tokenizer, CharactersThatTheVocabularyLacksBecomeBytes) {
  const MadeTokenizer tokenizer(with_bytes({{" "}, {"\u00e9"}}));
  EXPECT_EQ(tokenizer.encode("\u00e9"), (Tokens{1, 259, 260}));
  EXPECT_EQ(tokenizer.encode("x"), (Tokens{1, 259, 'x' + 3}));
  EXPECT_EQ(tokenizer.encode("\u20ac"), (Tokens{1, 259, 0xe2 + 3, 0x82 + 3, 0xac + 3}));
  EXPECT_EQ(tokenizer.encode(std::string("\0\xff", 2)), (Tokens{1, 259, 3, 258}));
  // No more than four bytes are one character, and a lone continuation is one too.
  EXPECT_EQ(tokenizer.encode("\xa9\xc3\xa9"), (Tokens{1, 259, 0xa9 + 3, 260}));
  EXPECT_EQ(tokenizer.encode("\xf0\x80\x80\x80\xc3\xa9"),
            (Tokens{1, 259, 0xf0 + 3, 131, 131, 131, 260}));
}

TEST(Tokenizer, BytesThatTheVocabularyLacksAreUnknown) {
  std::vector<Piece> pieces = with_bytes({});
  pieces.resize(40);  // up to byte 36
  const MadeTokenizer tokenizer(pieces);
  EXPECT_EQ(tokenizer.encode("$%"), (Tokens{1, 35, 39, 0}));
}

TEST(Tokenizer, ALongPromptIsEncodedInOneGo) {
  // Merging in quadratic time would take hours.
  const auto file = test::made_tokenizer(32000);
  const MadeTokenizer tokenizer(file, 32000);
  const std::vector<Piece> pieces = test::pieces_of(file);
  std::mt19937 random(3);
  constexpr size_t kBytes = 400'000;
  for (const std::string& text :
       {draw_text(random, " etaoinshr", kBytes), std::string(kBytes, 'e'),
        draw_text(random, "\xe2\x82\xac", kBytes)}) {
    const Tokens tokens = tokenizer.encode(text);
    std::string back;
    for (size_t i = 1; i < tokens.size(); ++i)
      back += test::string(tokenizer->decode(tokens[i - 1], tokens[i]));
    EXPECT_EQ(back, text);
  }
  EXPECT_LE(tokenizer.encode(std::string(kBytes, 'e')).size(), kBytes / 2);
}

TEST(Tokenizer, APromptThatFitsInNoMemoryIsRefused) {
  const MadeTokenizer tokenizer(test::made_tokenizer(512), 512);
  const std::string text(1000, 'e');
  bool refused = false, taken = false;
  for (uint64_t bytes = 0; bytes < 90'000; bytes += 997) {
    const test::Exact<uint8_t> memory(bytes);
    rt::Arena arena(memory.span());
    const auto tokens = tokenizer->encode({text.data(), text.size()}, arena);
    (tokens ? taken : refused) = true;
    if (!tokens) EXPECT_EQ(tokens.error().code, rt::Errc::out_of_memory);
  }
  EXPECT_TRUE(refused && taken);
  rt::Arena none;
  const auto huge = tokenizer->encode({text.data(), (uint64_t{1} << 28) + 1}, none);
  ASSERT_FALSE(huge);
  EXPECT_EQ(huge.error().code, rt::Errc::usage);
  EXPECT_STREQ(huge.error().text, "a text of 268,435,457 bytes is too long");
}

TEST(Tokenizer, DecodesEveryTokenToItsPiece) {
  const auto file = test::made_tokenizer(600);
  const auto pieces = test::pieces_of(file);
  const MadeTokenizer tokenizer(file, 600);
  for (Token token = 0; token < 600; ++token) {
    if (token >= 3 && token < 259) continue;
    EXPECT_EQ(test::string(tokenizer->decode(5, token)), pieces[token].text);
  }
}

TEST(Tokenizer, BytesInBracketsAreDecodedToThatByte) {
  const MadeTokenizer tokenizer(with_bytes({{"<0x4a>"}, {"<0x4>"}, {"<0x4g>"}, {"<0x4A> "},
                                            {"<0X4A>"}, {"<0x4A)"}, {"<0x:A>"}, {"<0xA/>"}}));
  for (int byte = 0; byte < 256; ++byte)
    EXPECT_EQ(test::string(tokenizer->decode(5, Token(byte) + 3)), std::string(1, char(byte)));
  EXPECT_EQ(test::string(tokenizer->decode(5, 259)), "J");
  for (const auto& [token, text] :
       {std::pair{260, "<0x4>"}, {261, "<0x4g>"}, {262, "<0x4A> "}, {263, "<0X4A>"},
        {264, "<0x4A)"}, {265, "<0x:A>"}, {266, "<0xA/>"}})
    EXPECT_EQ(test::string(tokenizer->decode(5, Token(token))), text);
}

TEST(Tokenizer, BosSwallowsOneSpace) {
  const MadeTokenizer tokenizer(with_bytes({{" a"}, {"  a"}, {"a "}, {" "}, {" <0x41>"}}));
  const auto after = [&](Token previous, Token token) {
    return test::string(tokenizer->decode(previous, token));
  };
  EXPECT_EQ(after(1, 259), "a");
  EXPECT_EQ(after(1, 260), " a");
  EXPECT_EQ(after(1, 261), "a ");
  EXPECT_EQ(after(1, 262), "");
  EXPECT_EQ(after(1, 263), "A");  // as in llama2.c
  EXPECT_EQ(after(2, 259), " a");
  EXPECT_EQ(after(259, 259), " a");
  EXPECT_EQ(after(1, ' ' + 3), " ");  // the byte is no piece that begins with a space
}

TEST(Tokenizer, TokensPastTheVocabularyAreEmpty) {
  const MadeTokenizer tokenizer(test::made_tokenizer(300), 300);
  EXPECT_EQ(test::string(tokenizer->decode(1, 300)), "");
  EXPECT_EQ(test::string(tokenizer->decode(1, ~0u)), "");
  EXPECT_NE(test::string(tokenizer->decode(~0u, 299)), "");
}

TEST(Tokenizer, TheSizesOfThePiecesDoNotMatter) {
  const auto file = test::made_tokenizer(400);
  const std::string text = "the rain in the night";
  const Tokens expected = MadeTokenizer(file, 400).encode(text);
  for (const std::vector<uint64_t>& pieces : {std::vector<uint64_t>{1}, {3, 1, 2}, {7}})
    EXPECT_EQ(MadeTokenizer(file, 400, pieces).encode(text), expected);
}

}  // namespace
