// Vocabularies that are made up to be slow: how many steps loading one and encoding with it takes, as the tokenizer
// counts them, at most n log n of the file's and the text's bytes.
#include <algorithm>
#include <cmath>
#include <functional>
#include <random>

#include "tests/unit/made_tokenizer.hpp"

namespace {

using test::MadeTokenizer;
using test::Piece;

/// A step is a comparison or a move of up to 8 bytes.
double log2_of(double n) { return std::log2(n + 2); }

uint64_t file_bytes(const std::vector<Piece>& pieces) {
  uint64_t bytes = 4;
  for (const Piece& piece : pieces) bytes += 8 + piece.text.size();
  return bytes;
}

std::string text_of(uint32_t number, size_t length) {
  std::string text(length, 'a');
  for (size_t i = length; i-- && number; number /= 26) text[i] = char('a' + number % 26);
  return text;
}

/// What somebody could put into a file to make it slow.
struct Vocabulary {
  const char* name;
  std::vector<Piece> pieces;
};

/// Texts of which two by two have the same key: it has 32 bits, and whoever tries some thousand finds them.
const std::vector<std::string>& texts_alike() {
  static const std::vector<std::string> all = [] {
    std::mt19937 random(1);
    std::vector<std::pair<uint32_t, std::string>> tried(400'000);
    for (auto& [key, text] : tried) {
      text = text_of(uint32_t(random()), 7);
      key = model::TextHash({text.data(), text.size()}).key();
    }
    std::sort(tried.begin(), tried.end());
    std::vector<std::string> found;
    for (size_t i = 1; i < tried.size(); ++i)
      if (tried[i].first == tried[i - 1].first && tried[i].second != tried[i - 1].second)
        found.push_back(tried[i - 1].second), found.push_back(tried[i].second);
    return found;
  }();
  return all;
}

std::vector<Vocabulary> hostile() {
  constexpr uint32_t kCount = 8'000, kLong = 1000;
  const auto made = [](uint32_t count, const std::function<std::string(uint32_t)>& text) {
    std::vector<Piece> pieces;
    for (uint32_t i = 0; i < count; ++i) pieces.push_back({text(i), float(i % 7)});
    return test::with_bytes(pieces);
  };
  std::vector<Vocabulary> all = {
      {"in order", made(kCount, [](uint32_t i) { return text_of(i, 6); })},
      {"backwards", made(kCount, [](uint32_t i) { return text_of(kCount - i, 6); })},
      {"all the same", made(kCount, [](uint32_t) { return std::string("same"); })},
      {"all empty", made(kCount, [](uint32_t) { return std::string(); })},
      {"all long and the same", made(kLong, [](uint32_t) { return std::string(1024, 'x'); })},
      {"long, different at the end", made(kLong, [](uint32_t i) { return text_of(i, 1024); })},
      {"every run of one letter", made(1024, [](uint32_t i) { return std::string(i + 1, 'e'); })}};
  all.push_back({"pairs of one key", made(uint32_t(texts_alike().size()), [](uint32_t i) { return texts_alike()[i]; })});
  return all;
}

TEST(HostileVocabulary, LoadingTakesNLogNSteps) {
  ASSERT_GE(texts_alike().size(), 10u);
  double worst = 0;
  for (const Vocabulary& v : hostile()) {
    MadeTokenizer tokenizer(v.pieces);
    const double n = double(file_bytes(v.pieces)), steps = double(tokenizer->steps());
    EXPECT_LE(steps, n * log2_of(double(v.pieces.size())) / 3) << v.name;
    worst = std::max(worst, steps / n / log2_of(double(v.pieces.size())));
  }
  RecordProperty("steps_per_byte_and_bit", std::to_string(worst));
  EXPECT_GT(worst, 0.05) << "the steps are not counted";
}

TEST(HostileVocabulary, EncodingTakesNLogNSteps) {
  constexpr size_t kText = 8'000;
  double worst = 0;
  for (const Vocabulary& v : hostile()) {
    MadeTokenizer tokenizer(v.pieces);
    const auto steps_for = [&](const std::string& text) {
      const uint64_t before = tokenizer->steps();
      (void)tokenizer.encode(text);
      return double(tokenizer->steps() - before);
    };
    std::string own;
    for (size_t i = v.pieces.size(); i-- && own.size() < 2 * kText;) own += v.pieces[i].text;
    for (const std::string& text : {std::string(2 * kText, 'e'), std::string(2 * kText, 'x'),
                                    std::string(2 * kText, 'a'), std::string(2 * kText, '\xff'), own}) {
      const double n = double(text.size() + 1), steps = steps_for(text);
      // Each of at most 3 n questions goes to log n entries, and compares at most two pieces to their ends.
      const double bits = log2_of(double(v.pieces.size())) + log2_of(n);
      EXPECT_LE(steps, n * (3 * bits + 2 * model::Pieces::kLongest / 8)) << v.name << ", " << text.substr(0, 3);
      EXPECT_LE(steps, 2.3 * steps_for(text.substr(0, text.size() / 2)) + 1000) << v.name << ", " << text.substr(0, 3);
      worst = std::max(worst, steps / n);
    }
  }
  RecordProperty("steps_per_byte", std::to_string(worst));
  EXPECT_GT(worst, 10) << "the steps are not counted";
}

TEST(HostileVocabulary, NeverManyStepsAtOnce) {
  // Between two looks for a key: what one token's record adds, and what the end of the file does.
  const std::vector<Piece> pieces = test::with_bytes(std::vector<Piece>(65'536 - 259 - 1, {"same"}));
  const auto count = uint32_t(pieces.size());
  test::HostPages pages;
  rt::Arena arena(pages), scratch(pages);
  auto s = test::need(model::SentencePiece::create({}, count, file_bytes(pieces), arena, scratch));
  uint64_t most = 0;
  for (const Piece& piece : pieces) {
    const uint64_t before = s.steps();
    std::memcpy(s.pieces().next().data, piece.text.data(), piece.text.size());
    s.add(uint32_t(piece.text.size()), 0);
    most = std::max(most, s.steps() - before);
  }
  const uint64_t before = s.steps();
  s.pieces().finish();
  most = std::max(most, s.steps() - before);
  EXPECT_LE(most, 4 * count);
}

}  // namespace
