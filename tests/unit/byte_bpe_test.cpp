#include "model/tokenizers/byte_bpe.hpp"

#include <algorithm>
#include <random>

#include "tests/unit/naive_bpe.hpp"

namespace {

using model::Token;
using test::BpeVocabulary;
using test::MadeBpe;
using test::NaiveBpe;
using Rules = model::Splitter::Rules;
using Tokens = std::vector<Token>;

constexpr struct {
  const char* pre;
  Rules rules;
  bool whole_words;
} kDialects[] = {{"gpt-2", Rules::gpt2, false}, {"smollm", Rules::smollm, false}, {"llama-bpe", Rules::llama3, true},
                 {"qwen2", Rules::qwen2, false}};

/// Text of all that splitters tell apart.
std::string draw_text(std::mt19937& random, size_t n, bool valid = true) {
  static const std::vector<std::string> kParts = {
      " ", " ", "  ", "   ", "\n", "\n\n", "\r\n", "\t", "\u00a0", "\u3000", "\u2028", "\x0b", "\x1c", "\u200b",
      "a", "e", "the", " the", "ing", "I'll", "we've", "don't", "'S", "'Re", "'VE", "'l", "'", "''", "Z", "HTTPServer",
      "0", "1", "12", "3.14159", "12345", "\u00bd", "\u00b2", "\u0663", "\u2167", "\U0001d7d8",
      "\u00e9", "e\u0301", "\u00df", "\u0436", "\u4f60\u597d", "\ud55c", "\u0645\u0631", "\U00020000",
      ".", ",", "!?", "-", "_", "$", "(", "\U0001f642", "\U0001f469\u200d\U0001f467", "\u0378", "\U0010ffff", "\ufeff"};
  static const char* const kBroken[] = {"\x80",         "\xc3",             "\xc0\x80", "\xe4\xbd",
                                        "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xff"};
  std::string text;
  for (; n; --n) {
    if (!valid && random() % 4 == 0) text += kBroken[random() % std::size(kBroken)];
    else if (random() % 8) text += kParts[random() % kParts.size()];
    else text += test::utf8(char32_t(random() % (random() % 2 ? 0x3000 : 0x110000)));  // U+FFFD for surrogates
  }
  return text;
}

/// 256 bytes in some order, and tokens that are made of two others, listed as merges in the order in which they came.
BpeVocabulary made_vocabulary(std::mt19937& random, size_t merges) {
  BpeVocabulary made;
  std::vector<std::string> bytes;
  for (int byte = 0; byte < 256; ++byte) bytes.push_back(std::string(1, char(byte)));
  std::shuffle(bytes.begin(), bytes.end(), random);
  while (made.merges.size() < merges) {
    std::string sample = draw_text(random, 1), other = draw_text(random, 1);
    std::string left = bytes[random() % bytes.size()], right = bytes[random() % bytes.size()];
    if (random() % 2) {  // what texts have
      sample += other;
      const size_t cut = 1 + random() % (sample.size() - 1), first = random() % cut;
      left = sample.substr(first, cut - first), right = sample.substr(cut, 1 + random() % 4);
      if (std::find(bytes.begin(), bytes.end(), left) == bytes.end() ||
          std::find(bytes.begin(), bytes.end(), right) == bytes.end())
        continue;
    }
    if (std::find(bytes.begin(), bytes.end(), left + right) == bytes.end()) bytes.push_back(left + right);
    made.merges.push_back(test::byte_characters(left) + " " + test::byte_characters(right));
  }
  for (const std::string& token : bytes) made.tokens.push_back(test::byte_characters(token));
  made.types.assign(made.tokens.size(), 1);
  return made;
}

TEST(ByteBpe, EncodesAsTheNaiveEncoderDoes) {
  std::mt19937 random(1);
  for (const auto& dialect : kDialects) {
    BpeVocabulary made = made_vocabulary(random, 1500);
    made.pre = dialect.pre;
    const NaiveBpe naive(made, dialect.rules, dialect.whole_words);
    const MadeBpe bpe(made);
    for (int time = 0; time < 2500; ++time) {
      const std::string text = draw_text(random, random() % 30, time % 5);
      const Tokens tokens = bpe.encode(text);
      ASSERT_EQ(tokens, naive.encode(text)) << dialect.pre << testing::PrintToString(text);
      ASSERT_EQ(bpe.decode(tokens), text);
    }
  }
}

TEST(ByteBpe, EncodesAsTheNaiveEncoderDoesWithAnyVocabulary) {
  std::mt19937 random(2);
  for (int time = 0; time < 200; ++time) {
    const auto& dialect = kDialects[time % 4];
    BpeVocabulary made;
    made.pre = dialect.pre;
    const std::string letters = time % 3 ? "ab \n" : "abc'";
    const auto draw = [&](size_t n) {
      std::string text;
      for (; n; --n) text += letters[random() % letters.size()];
      return test::byte_characters(text);
    };
    // Single bytes may be missing; tokens and merges come twice, are empty, or are of no use.
    for (size_t n = random() % 40; n; --n) made.tokens.push_back(draw(random() % 5));
    for (const char letter : letters)
      if (random() % 8) made.tokens.push_back(test::byte_character(uint8_t(letter)));
    for (size_t n = random() % 60; n; --n) {
      const auto part = [&] {
        return random() % 4 && !made.tokens.empty() ? made.tokens[random() % made.tokens.size()] : draw(random() % 3);
      };
      made.merges.push_back(part() + (random() % 20 ? " " : "") + part());
    }
    const NaiveBpe naive(made, dialect.rules, dialect.whole_words);
    const MadeBpe bpe(made);
    for (size_t n = 0; n < 40; ++n) {
      std::string text;
      for (size_t i = 0; i < n; ++i) text += letters[random() % letters.size()];
      ASSERT_EQ(bpe.encode(text), naive.encode(text)) << time << testing::PrintToString(text);
    }
  }
}

TEST(ByteBpe, WordsAreTheNaiveSplittersWords) {
  std::mt19937 random(3);
  const test::Exact<uint8_t> memory(16384);
  rt::Arena arena(memory.span());
  const model::CharClasses classes = test::need(model::CharClasses::unpack(arena));
  const BpeVocabulary none;
  for (const auto& dialect : kDialects) {
    const NaiveBpe naive(none, dialect.rules, false);
    const model::Splitter splitter(dialect.rules, classes);
    for (int time = 0; time < 10000; ++time) {
      const std::string text = draw_text(random, random() % 20, time % 5);
      const test::Exact<char> exact(std::vector<char>(text.begin(), text.end()));
      std::vector<std::string> words;
      for (rt::Text left = {exact.data(), exact.size()}; !left.empty();) {
        const uint64_t n = splitter.first_word(left);
        ASSERT_TRUE(n > 0 && n <= left.size);
        words.push_back(test::string(left.part(0, n)));
        left = left.from(n);
      }
      ASSERT_EQ(words, naive.words(text)) << dialect.pre << testing::PrintToString(text);
    }
  }
}

/// Every byte, then "ab", then two control tokens, one that a user put there, one that is unused.
BpeVocabulary small_vocabulary() {
  BpeVocabulary made;
  for (int byte = 0; byte < 256; ++byte) made.tokens.push_back(test::byte_character(uint8_t(byte)));
  made.types.assign(256, 1);
  const auto add = [&](const char* text, uint8_t type) {
    made.tokens.push_back(text);
    made.types.push_back(type);
  };
  add("ab", 1);            // 256
  add("<|x|>", 3);         // 257
  add("<|x|>y", 3);        // 258
  add("<own>", 4);         // 259
  add("pad", 5);           // 260
  add("<|im_end|>", 1);    // 261: a file that forgot that this is a control token
  add("\u4f60", 1);        // 262: stands for no bytes
  made.merges = {"a b"};
  return made;
}

Tokens bytes_of(const std::string& text) {
  Tokens tokens;
  for (const char c : text) tokens.push_back(uint8_t(c));
  return tokens;
}

TEST(ByteBpe, SpecialTokensAreFoundInTrustedTextOnly) {
  const MadeBpe bpe(small_vocabulary());
  EXPECT_EQ(bpe.encode("a<|x|>b", true), (Tokens{'a', 257, 'b'}));
  EXPECT_EQ(bpe.encode("a<|x|>b", false), bytes_of("a<|x|>b"));
  EXPECT_EQ(bpe.encode({{"<|x|>", true}, {"<|x|>", false}, {"<|x|>", true}}),
            (Tokens{257, '<', '|', 'x', '|', '>', 257}));
  EXPECT_EQ(bpe.encode("<|im_end|>", false), bytes_of("<|im_end|>"));
  EXPECT_EQ(bpe.encode("<|im_end|>", true), (Tokens{261}));
  // Nobody can finish what a trusted part has begun, or the other way round.
  EXPECT_EQ(bpe.encode({{"<|", true}, {"x|>", false}}), bytes_of("<|x|>"));
  EXPECT_EQ(bpe.encode({{"<|", false}, {"x|>", true}}), bytes_of("<|x|>"));
}

TEST(ByteBpe, TokensThatAUserDefinedAreFoundInAllText) {
  const MadeBpe bpe(small_vocabulary());
  EXPECT_EQ(bpe.encode("a<own>b", false), (Tokens{'a', 259, 'b'}));
  EXPECT_EQ(bpe.encode("a<own>b", true), (Tokens{'a', 259, 'b'}));
  EXPECT_EQ(bpe.decode({'a', 259}), "a<own>");
}

TEST(ByteBpe, OfSpecialTokensThatBeginTogetherTheLongestIsTaken) {
  const MadeBpe bpe(small_vocabulary());
  EXPECT_EQ(bpe.encode("<|x|>yz", true), (Tokens{258, 'z'}));
  EXPECT_EQ(bpe.encode("<|x|>", true), (Tokens{257}));
  EXPECT_EQ(bpe.encode("<|x|", true), bytes_of("<|x|"));
}

TEST(ByteBpe, ASpecialTokenHasUpTo63Bytes) {
  for (const size_t size : {1u, 2u, 63u, 64u, 65u, 1000u}) {
    BpeVocabulary vocabulary = small_vocabulary();
    const std::string token(size, '#');
    vocabulary.tokens.push_back(token);
    vocabulary.types.push_back(3);
    const bool found = size >= 2 && size <= 63;
    EXPECT_EQ(MadeBpe(vocabulary).encode(token, true), found ? Tokens{263} : bytes_of(token)) << size;
  }
}

TEST(ByteBpe, WordsRunAcrossTheBordersOfParts) {
  const MadeBpe bpe(small_vocabulary());
  EXPECT_EQ(bpe.encode({{"a", true}, {"b", false}}), (Tokens{256}));
  EXPECT_EQ(bpe.encode({{"a", false}, {"", true}, {"b", true}}), (Tokens{256}));
  EXPECT_EQ(bpe.encode({{"a", true}, {"<|x|>", true}, {"b", false}}), (Tokens{'a', 257, 'b'}));
  EXPECT_EQ(bpe.encode(std::vector<std::pair<std::string, bool>>{}), Tokens{});
}

TEST(ByteBpe, UnusedTokensAndThoseOfNoBytesAreNeitherFoundNorPrinted) {
  const MadeBpe bpe(small_vocabulary());
  EXPECT_EQ(bpe.encode("pad", true), bytes_of("pad"));
  EXPECT_EQ(bpe.encode("\u4f60", true), bytes_of("\u4f60"));
  EXPECT_EQ(bpe.decode({257, 258, 260, 261, 262, 263, model::kNoToken}), "");
}

TEST(ByteBpe, CharactersOfSeveralTokensComeByteByByte) {
  const MadeBpe bpe(small_vocabulary());
  EXPECT_EQ(bpe.decode({0xf0}), "\xf0");
  EXPECT_EQ(bpe.decode(bytes_of("\U0001f642")), "\U0001f642");
}

TEST(ByteBpe, BytesThatTheVocabularyLacksAreLeftOut) {
  BpeVocabulary made = small_vocabulary();
  made.tokens['b'] = "not b";
  const MadeBpe bpe(made);
  EXPECT_EQ(bpe.encode("abc"), (Tokens{'a', 'c'}));
}

TEST(ByteBpe, AWordThatIsATokenStaysWholeForLlama3) {
  BpeVocabulary made = small_vocabulary();
  made.tokens[260] = "xyz";
  made.types[260] = 1;
  EXPECT_EQ(MadeBpe(made).encode("xyz"), bytes_of("xyz"));
  made.pre = "llama-bpe";
  EXPECT_EQ(MadeBpe(made).encode("xyz"), (Tokens{260}));
}

TEST(ByteBpe, DialectsHaveNames) {
  for (const char* name : {"gpt-2", "smollm", "starcoder", "llama-bpe", "llama3", "qwen2"})
    EXPECT_STREQ(model::ByteBpe::dialect(name, 1000)->name, name);
  EXPECT_FALSE(model::ByteBpe::dialect("smollm", 1000)->llama3);
  EXPECT_TRUE(model::ByteBpe::dialect("llama-bpe", 1000)->llama3);
  for (const char* name : {"tekken", "", "default", "gpt-22", "gpt-"})
    EXPECT_EQ(model::ByteBpe::dialect(name, 1000), nullptr) << name;
}

TEST(ByteBpe, Llama3IsKnownByItsSizeWhereTheFileDoesNotSay) {
  for (const char* name : {"", "default"}) {
    ASSERT_TRUE(model::ByteBpe::dialect(name, 128256));
    EXPECT_TRUE(model::ByteBpe::dialect(name, 128256)->llama3);
  }
  EXPECT_EQ(model::ByteBpe::dialect("tekken", 128256), nullptr);
}

TEST(ByteBpe, ATextBeginsWithTheFirstToken) {
  const MadeBpe bpe(small_vocabulary(), {.first = 257});
  const test::Exact<uint8_t> memory(1024);
  rt::Arena arena(memory.span());
  const rt::Span<Token> tokens = test::need(bpe->encode("ab<|x|>", arena));
  EXPECT_EQ(Tokens(tokens.begin(), tokens.end()), (Tokens{257, 256, '<', '|', 'x', '|', '>'}));
  EXPECT_EQ(bpe->first(), 257u);
}

TEST(ByteBpe, ATextEndsWithWhatTheRulesSayAndWithEndTokens) {
  const MadeBpe bpe(small_vocabulary(), {.first = 257, .last = 7, .ends_turn = 258, .ends_message = 9});
  for (const Token end : {7u, 9u, 258u, 261u}) EXPECT_TRUE(bpe->ends_text(end)) << end;
  for (const Token other : {0u, 257u, 259u, 262u}) EXPECT_FALSE(bpe->ends_text(other)) << other;
}

TEST(ByteBpe, TheStepsOfALongWordGrowWithItsLength) {
  BpeVocabulary made = small_vocabulary();
  made.merges.clear();
  std::string token = "a";
  for (int i = 0; i < 6; ++i) {  // a a, aa aa, ...: every token takes part in every round
    made.merges.push_back(token + " " + token);
    token += token;
    made.tokens.push_back(token);
    made.types.push_back(1);
  }
  // What may stand to the right of an a is as much as can be, and so is looked for longest.
  for (int byte = 'b'; byte < 'z'; ++byte) {
    made.merges.push_back(std::string("a ") + char(byte));
    made.tokens.push_back(std::string("a") + char(byte));
    made.types.push_back(1);
  }
  const MadeBpe bpe(made);
  uint64_t before = bpe->steps();
  for (const uint64_t n : {1000, 2000, 4000, 100000}) {
    EXPECT_EQ(bpe.encode(std::string(n, 'a')).size(), n / 64 + uint64_t(__builtin_popcountll(n % 64)));
    EXPECT_LE(bpe->steps() - before, 6 * n * 6) << "six questions for each, and six steps for one of 25";
    before = bpe->steps();
  }
}

TEST(ByteBpe, NoVocabularyTakesLongToLoad) {
  for (const uint32_t n : {1000u, 20000u}) {
    BpeVocabulary same = small_vocabulary();  // all tokens alike, all merges alike, all of the greatest length
    const std::string half(500, 'a');
    for (uint32_t i = 0; i < n / 100; ++i) {
      same.tokens.push_back(half + half);
      same.types.push_back(i % 2 ? 3 : 1);
      same.merges.push_back(half + " " + half);
    }
    BpeVocabulary left = small_vocabulary();  // all merges with the same left token
    for (uint32_t i = 0; i < n; ++i) {
      left.tokens.push_back("a" + std::to_string(i));
      left.types.push_back(i % 3 ? 1 : 3);
      left.merges.push_back("a " + std::to_string(n - i));
    }
    for (const BpeVocabulary* made : {&same, &left}) {
      uint64_t bytes = 0;
      for (const std::string& token : made->tokens) bytes += token.size();
      for (const std::string& merge : made->merges) bytes += merge.size();
      const uint64_t items = made->tokens.size() + made->merges.size();
      EXPECT_LE(MadeBpe(*made)->steps(), (items * 100 + bytes) * 3);
    }
  }
}

TEST(ByteBpe, ATextTooLongToNumberIsRefused) {
  const MadeBpe bpe(small_vocabulary());
  const model::TextPart parts[] = {{{"", uint64_t{1} << 27}, false}, {{"", (uint64_t{1} << 27) + 1}, false}};
  rt::Arena none;
  EXPECT_STREQ(bpe->encode({parts, 2}, none).error().text, "a text of 268,435,457 bytes is too long");
}

TEST(ByteBpe, MemoryThatIsTooSmallIsAnError) {
  const MadeBpe bpe(small_vocabulary());
  const std::string text(100, 'a');
  for (uint64_t bytes = 0; bytes < 5000; bytes += 64) {
    const test::Exact<uint8_t> memory(bytes);
    rt::Arena arena(memory.span());
    const model::TextPart part = {{text.data(), text.size()}, false};
    rt::Result<rt::Span<Token>> tokens = bpe->encode({&part, 1}, arena);
    if (tokens) EXPECT_EQ(tokens->count, 100u);
    else EXPECT_EQ(tokens.error().code, rt::Errc::out_of_memory);
  }
}

}  // namespace
