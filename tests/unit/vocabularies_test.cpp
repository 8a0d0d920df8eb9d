// Tokenizers of real models, where ../shared has them.
#include <algorithm>
#include <functional>
#include <memory>
#include <random>
#include <sstream>

#include "model/chat/chat_template.hpp"
#include "model/formats/gguf_reader.hpp"
#include "model/formats/gguf_tokenizer.hpp"
#include "tests/unit/json.hpp"
#include "tests/unit/made_model.hpp"
#include "tests/unit/vocabulary_file.hpp"

namespace {

using Tokens = std::vector<model::Token>;

std::string contents(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

using Encode = std::function<Tokens(const std::string&)>;

/// The texts of FILE.inp give the ids of FILE.out, a line for each. `open` makes an encoder of the file's tokenizer.
void check_vectors(const std::string& name, const std::function<Encode(const test::VocabularyFile&)>& open) {
  const std::string path = test::shared_or_none("data/vocab/ggml-vocab-" + name + ".gguf");
  if (path.empty()) GTEST_SKIP() << "the vocabulary " << name << " is not in ../shared/data/vocab";
  const test::VocabularyFile vocabulary = test::read_vocabulary(path);
  const Encode encode = open(vocabulary);
  const std::string mark = "\n__ggml_vocab_test__\n", all = contents(path + ".inp");
  std::istringstream lines(contents(path + ".out"));
  int texts = 0;
  for (size_t at = 0, end; at < all.size(); at = end + mark.size(), ++texts) {
    end = std::min(all.find(mark, at), all.size());
    const std::string text = all.substr(at, end - at);
    std::string line;
    std::getline(lines, line);
    std::istringstream numbers(line);
    EXPECT_EQ(encode(text), Tokens(std::istream_iterator<model::Token>(numbers), {})) << text;
  }
  EXPECT_EQ(texts, 46);
}

Encode byte_bpe(const test::VocabularyFile& vocabulary) {
  const auto bpe = std::make_shared<test::MadeBpe>(vocabulary);
  return [bpe](const std::string& text) { return bpe->encode(text); };
}

/// The tokenizer as a file's metadata has it made, whatever kind it is.
Encode as_in_a_file(const test::VocabularyFile& file) {
  struct Made {
    std::vector<uint8_t> memory = std::vector<uint8_t>(64 << 20), scratch_memory = memory;
    rt::Arena arena{{memory.data(), memory.size()}}, scratch{{scratch_memory.data(), scratch_memory.size()}};
    const model::Tokenizer* tokenizer = nullptr;
  };
  const auto made = std::make_shared<Made>();
  std::vector<rt::Text> tokens;
  for (const std::string& token : file.tokens) tokens.push_back({token.data(), token.size()});
  std::vector<float> scores = file.scores;
  std::vector<uint8_t> types = file.types;
  model::gguf::Vocabulary vocabulary;
  vocabulary.model = {file.model.data(), file.model.size()};
  vocabulary.tokens = {tokens.data(), tokens.size()};
  vocabulary.scores = {scores.data(), scores.size()};
  vocabulary.types = {types.data(), types.size()};
  vocabulary.add_space_prefix = file.add_space_prefix;
  const std::vector<uint8_t> none;
  rt::MemorySource nothing = test::memory_source(none);
  model::Stream stream(nothing);
  model::gguf::Reader reader(stream);
  made->tokenizer = test::need(
      model::gguf::make_tokenizer(vocabulary, uint32_t(tokens.size()), reader, made->arena, made->scratch));
  return [made](const std::string& text) {
    const model::TextPart part{{text.data(), text.size()}, false};
    std::vector<uint8_t> room(1 << 20);
    rt::Arena arena({room.data(), room.size()});
    const rt::Span<model::Token> ids = test::need(made->tokenizer->encode({&part, 1}, arena));
    return Tokens(ids.begin(), ids.end());
  };
}

TEST(Vocabularies, Gpt2) { check_vectors("gpt-2", byte_bpe); }
TEST(Vocabularies, StarCoder) { check_vectors("starcoder", byte_bpe); }
TEST(Vocabularies, Llama3) { check_vectors("llama-bpe", byte_bpe); }
TEST(Vocabularies, Llama2) { check_vectors("llama-spm", as_in_a_file); }
TEST(Vocabularies, Phi3) { check_vectors("phi-3", as_in_a_file); }

class SmolLm2 : public testing::Test {
 protected:
  void SetUp() override {
    const std::string path = test::shared_or_none("data/gguf/SmolLM2-135M-Instruct.Q4_1.gguf");
    if (path.empty()) GTEST_SKIP() << "SmolLM2 is not in ../shared/data/gguf";
    vocabulary_ = test::read_vocabulary(path);
  }
  test::VocabularyFile vocabulary_;
};

TEST_F(SmolLm2, GoldenTextsGiveTheirIds) {
  const std::string golden = test::shared_or_none("golden/smollm2.json");
  if (golden.empty()) GTEST_SKIP() << "smollm2.json is not in ../shared/golden";
  const test::MadeBpe bpe(vocabulary_);
  const test::Json json = test::read_json(golden);
  EXPECT_EQ(json["encodings"].items.size(), 252u);
  for (const test::Json& one : json["encodings"].items)
    EXPECT_EQ(bpe.encode(one["text"].text, one["special"].text == "true"), one["ids"].numbers()) << one["text"].text;
}

TEST_F(SmolLm2, GoldenConversationsGiveTheirIds) {
  const std::string golden = test::shared_or_none("golden/smollm2.json");
  if (golden.empty()) GTEST_SKIP() << "smollm2.json is not in ../shared/golden";
  const test::MadeBpe bpe(vocabulary_);
  const test::Json json = test::read_json(golden);
  const model::ChatTemplate chat =
      model::recognise_template({vocabulary_.chat_template.data(), vocabulary_.chat_template.size()});
  ASSERT_TRUE(chat);
  EXPECT_EQ(test::string(chat.default_system), json["system"].text);
  EXPECT_EQ(json["answers"].items.size(), 8u);
  for (const test::Json& one : json["answers"].items) {
    std::vector<model::Turn> turns;
    for (const test::Json& message : one["messages"].items)
      for (const auto role : {model::Role::system, model::Role::user, model::Role::assistant})
        if (message.items[0].text == model::kRoleNames[int(role)])
          turns.push_back({role, {message.items[1].text.data(), message.items[1].text.size()}});
    const test::Exact<uint8_t> memory(4096);
    rt::Arena arena(memory.span());
    std::vector<std::pair<std::string, bool>> parts;
    for (const model::TextPart& part : test::need(model::render(chat, {turns.data(), turns.size()}, 0, model::Next::answer, arena)))
      parts.push_back({test::string(part.text), part.trusted});
    EXPECT_EQ(bpe.encode(parts), one["ids"].numbers()) << one["name"].text;
  }
}

TEST_F(SmolLm2, RandomTextsGiveTheNaiveEncodersIds) {
  const test::MadeBpe bpe(vocabulary_);
  const test::NaiveBpe naive(vocabulary_, model::Splitter::Rules::smollm, false);
  std::mt19937 random(1);
  for (int time = 0; time < 10000; ++time) {
    std::string text;
    for (size_t n = random() % 12; n; --n) {
      const bool token = random() % 2;
      text += token ? bpe.decode({model::Token(random() % vocabulary_.tokens.size())})
                    : test::utf8(char32_t(random() % (random() % 2 ? 0x250 : 0x30000)));
    }
    ASSERT_EQ(bpe.encode(text), naive.encode(text)) << testing::PrintToString(text);
  }
}

}  // namespace
