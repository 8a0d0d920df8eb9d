#include "model/chat/transcript.hpp"

#include <random>

#include "tests/unit/made_model.hpp"

namespace {

using model::Role;

struct Said {
  Role role;
  std::string text;
  bool operator==(const Said&) const = default;
};
void PrintTo(const Said& said, std::ostream* out) {
  *out << model::kRoleNames[int(said.role)] << ": " << testing::PrintToString(said.text);
}

class StringSink final : public rt::Sink {
 public:
  void write(rt::Text text) override { all.append(text.data, text.size); }
  std::string all;
};

std::string print(const std::vector<Said>& turns) {
  std::vector<model::Turn> spans;
  for (const Said& said : turns) spans.push_back({said.role, {said.text.data(), said.text.size()}});
  StringSink sink;
  model::print_transcript(sink, {spans.data(), spans.size()});
  return sink.all;
}

std::vector<Said> parse(const std::string& text) {
  const test::Exact<char> exact(std::vector<char>(text.begin(), text.end()));
  const test::Exact<uint8_t> memory(text.size() * 9 + 256);  // a turn of 24 bytes for a line of three or more
  rt::Arena arena(memory.span());
  std::vector<Said> turns;
  for (const model::Turn& turn :
       test::need(model::parse_transcript("talk.txt", {exact.data(), exact.size()}, arena)))
    turns.push_back({turn.role, test::string(turn.text)});
  return turns;
}

std::string refusal(const std::string& text) {
  try {
    parse(text);
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return "none";
}

TEST(Transcript, AConversationIsReadable) {
  EXPECT_EQ(print({{Role::system, "Be short."}, {Role::user, "Hello\nyou"}, {Role::assistant, "Hi."}}),
            "--- system\nBe short.\n--- user\nHello\nyou\n--- assistant\nHi.\n");
  EXPECT_EQ(print({}), "");
}

TEST(Transcript, LinesThatLookLikeMarksAreMarked) {
  const std::vector<Said> turns = {{Role::user, "---\n--- user\n----\n\\\n\\---\n -- \\"}};
  EXPECT_EQ(print(turns), "--- user\n\\---\n\\--- user\n\\----\n\\\\\n\\\\---\n -- \\\n");
  EXPECT_EQ(parse(print(turns)), turns);
}

TEST(Transcript, LineEndsAreKept) {
  for (const char* text : {"", "\n", "\n\n", "a", "a\n", "\na", "a\n\n", "\r\n", "a\r\n", "a\r", "---", "\\", "-\n"}) {
    const std::vector<Said> turns = {{Role::user, text}, {Role::assistant, text}};
    EXPECT_EQ(parse(print(turns)), turns) << print(turns);
  }
}

TEST(Transcript, EveryConversationComesBack) {
  std::mt19937 random(1);
  const std::vector<std::string> parts = {"\n", "\n", "\r\n", "\r", "---", "--- user", "--- ", "-", "\\", "\\---", " ",
                                          "a", "\u00e9", std::string(1, '\0'), "\xff", "\xef\xbb\xbf", "\t"};
  for (int time = 0; time < 20000; ++time) {
    std::vector<Said> turns(random() % 5);
    for (Said& said : turns) {
      said.role = Role(random() % 3);
      for (size_t n = random() % 8; n; --n) said.text += parts[random() % parts.size()];
    }
    ASSERT_EQ(parse(print(turns)), turns) << testing::PrintToString(print(turns));
  }
}

TEST(Transcript, NoTextIsTooOdd) {
  std::mt19937 random(2);
  const std::vector<std::string> parts = {"\n", "\r\n", "--- user\n", "--- system", "---", "\\", "a", " ", "\xff"};
  for (int time = 0; time < 20000; ++time) {
    std::string text;
    for (size_t n = random() % 10; n; --n) text += parts[random() % parts.size()];
    if (refusal(text) != "none") continue;
    const std::vector<Said> turns = parse(text);
    ASSERT_EQ(parse(print(turns)), turns) << testing::PrintToString(text);
  }
}

TEST(Transcript, WhatEditorsDoToItIsForgiven) {
  const std::vector<Said> turns = {{Role::system, ""}, {Role::user, "a\nb"}, {Role::assistant, "c"}};
  EXPECT_EQ(parse("\xef\xbb\xbf\n \n--- system\n---user \n" "a\nb\n---  assistant\t\nc"), turns);
  EXPECT_EQ(parse("--- system\r\n--- user\r\na\r\nb\r\n--- assistant\r\nc\r\n"), turns);
  EXPECT_EQ(parse(""), std::vector<Said>{});
  const std::vector<Said> joined = {{Role::user, "a"}, {Role::assistant, "b\r\nc\r"}};
  EXPECT_EQ(parse("--- user\r\na\r\n--- assistant\nb\r\nc\r\n"), joined) << "each turn as its own mark ends";
}

TEST(Transcript, WhatIsNoConversationIsRefusedByLine) {
  const auto line = [](const char* number) {
    return std::string("talk.txt: line ") + number + " begins no turn: wanted --- system, --- user or --- assistant";
  };
  EXPECT_EQ(refusal("\nHello\n--- user\n"), line("2"));
  EXPECT_EQ(refusal("--- user\nHello\n--- robot\nHi\n"), line("3"));
  EXPECT_EQ(refusal("---\n"), line("1"));
  EXPECT_NE(refusal("--- User\n"), "none");
  EXPECT_NE(refusal("--- user system\n"), "none");
}

}  // namespace
