// A chat at the prompt: questions, answers, and every command about them, with a made-up model whose file has a template.
#include <gtest/gtest.h>

#include <sstream>

#include "tests/firmware/expectations.hpp"
#include "tests/host/made_chat_model.hpp"

namespace {

using test::FakeMachine;
using test::Outcome;
using test::says;
using test::Service;
using uefi::Status;

size_t count(const std::string& text, const std::string& words) {
  size_t n = 0;
  for (size_t at = 0; (at = text.find(words, at)) != std::string::npos; at += words.size()) ++n;
  return n;
}

/// What came between the `n`-th time that this line was typed and the next prompt.
std::string after(const Outcome& run, const std::string& line, int n = 1) {
  size_t at = 0;
  for (int i = 0; i < n; ++i) {
    at = run.screen.find("> " + line + "\n", at);
    if (at == std::string::npos) return "(" + line + " was not typed)";
    at += line.size() + 3;
  }
  return run.screen.substr(at, run.screen.find("\n> ", at) - at);
}

/// The answer to it, without the figures.
std::string answer(const Outcome& run, const std::string& line, int n = 1) {
  const std::string all = after(run, line, n);
  return all.substr(0, all.find("\n\n", 1));
}

std::string file(const Outcome& run, const char* name) {
  const auto found = run.files.find(name);
  return found == run.files.end() ? "(none)" : std::string(found->second.begin(), found->second.end());
}

/// The first number before `word`, behind `text`.
int number_before(const std::string& text, const std::string& word) {
  const size_t at = text.find(word);
  if (at == std::string::npos) return -1;
  size_t begin = at;
  while (begin && (isdigit(text[begin - 1]) || text[begin - 1] == ',')) --begin;
  std::string digits;
  for (const char c : text.substr(begin, at - begin))
    if (c != ',') digits += c;
  return digits.empty() ? -1 : std::stoi(digits);
}

FakeMachine chatting(std::vector<std::string> typed, test::MadeChatModel model = {}) {
  FakeMachine machine;
  machine.files = {{"\\EFI\\BOOT\\BOOTX64.EFI", {}},
                   {"\\EFI\\BOOT\\llama.cfg", test::to_bytes("model = \\models\\chat.gguf\nseed = 7\nsteps = 24\n")},
                   {"\\models\\chat.gguf", model.bytes()}};
  machine.options = "llama.efi";
  machine.typed = std::move(typed);
  machine.typed.push_back("/quit");
  return machine;
}

Outcome boot(const FakeMachine& machine) {
  Outcome run = test::start(machine);
  EXPECT_EQ(run.complaints, "") << run.screen;
  return run;
}

TEST(Chat, AnswersWhatIsTypedAndGoesOnFromThere) {
  const Outcome run = boot(chatting({"hello", "and now?", "/save \\chat.txt"}));
  EXPECT_EQ(run.status, Status::success);
  EXPECT_TRUE(says(run, "chat      template chatml, context of 256 tokens\n")) << run.screen;
  EXPECT_TRUE(says(run, "\nAsk something. /help: more. /quit: leave.\n> hello\n")) << run.screen;
  // The question's tokens are read, and what came before is kept.
  EXPECT_GT(number_before(after(run, "and now?"), " kept"), 40) << run.screen;
  const std::string saved = file(run, "\\chat.txt");
  EXPECT_TRUE(saved.starts_with("--- user\nhello\n--- assistant\n")) << saved;
  EXPECT_NE(saved.find("\n--- user\nand now?\n--- assistant\n"), std::string::npos) << saved;
}

TEST(Chat, AnEmptyLineAsksNothing) {
  const Outcome run = boot(chatting({"", "  ", "hello"}));
  EXPECT_EQ(count(run.screen, " tokens/s, "), 1u) << run.screen;
  EXPECT_TRUE(says(run, "\n> \n> ")) << run.screen;
}

TEST(Chat, StartsOverWithClear) {
  const Outcome run = boot(chatting({"hello", "/seed 7", "hello", "/clear", "/seed 7", "hello"}));
  EXPECT_NE(answer(run, "hello", 2), answer(run, "hello", 1)) << run.screen;
  EXPECT_EQ(answer(run, "hello", 3), answer(run, "hello", 1)) << run.screen;
}

TEST(Chat, RetryAnswersAgainWithTheNextSeedAndAgainWithTheSame) {
  const Outcome run = boot(chatting({"hello", "/retry", "/again", "/again 7", "/save \\chat.txt", "/clear", "/retry"}));
  EXPECT_NE(answer(run, "/retry"), answer(run, "hello")) << run.screen;
  EXPECT_EQ(answer(run, "/again"), answer(run, "/retry")) << run.screen;
  EXPECT_EQ(answer(run, "/again 7"), answer(run, "hello")) << run.screen;
  EXPECT_NE(after(run, "/retry").find("seed 8"), std::string::npos) << run.screen;
  EXPECT_EQ(count(file(run, "\\chat.txt"), "---"), 2u) << file(run, "\\chat.txt");
  EXPECT_TRUE(says(run, "error: there is no question to answer again\n")) << run.screen;
}

TEST(Chat, TakesASystemPromptAndKeepsTheConversation) {
  FakeMachine machine = chatting({"/system", "hello", "/system Be brief.", "/system", "and now?", "/save \\chat.txt"});
  const Outcome run = boot(machine);
  EXPECT_NE(after(run, "/system").find("You are made up"), std::string::npos) << run.screen;
  EXPECT_NE(after(run, "/system", 2).find("Be brief."), std::string::npos) << run.screen;
  EXPECT_TRUE(file(run, "\\chat.txt").starts_with("--- system\nBe brief.\n--- user\nhello\n--- assistant\n")) << file(run, "\\chat.txt");
  machine = chatting({"hello", "/save \\chat.txt"});
  machine.options += " --system \"Be long.\"";
  EXPECT_TRUE(file(boot(machine), "\\chat.txt").starts_with("--- system\nBe long.\n--- user\nhello\n"));
}

TEST(Chat, SaysHowMuchOfTheContextIsUsed) {
  const Outcome run = boot(chatting({"/context", "hello", "/context"}));
  const int before = number_before(after(run, "/context", 1), " of 256 tokens"),
            later = number_before(after(run, "/context", 2), " of 256 tokens");
  EXPECT_GT(before, 0) << run.screen;
  EXPECT_GT(later, before + 6) << run.screen;
  EXPECT_EQ(number_before(after(run, "/context", 2), " left"), 256 - later) << run.screen;
}

TEST(Chat, DropsTheOldestTurnsWhereTheContextIsFullAndSaysSo) {
  std::vector<std::string> typed;
  for (int i = 0; i < 200; ++i) {
    if (i == 40) typed.push_back("/info");
    typed.push_back("question " + std::to_string(i));
  }
  typed.push_back("/info");
  const Outcome run = boot(chatting(typed));
  EXPECT_GT(count(run.screen, "note: the context is full: "), 20u) << run.screen;
  EXPECT_EQ(count(run.screen, " tokens/s, "), 200u) << run.screen;
  EXPECT_EQ(count(run.screen, "error"), 0u) << run.screen;
  // And takes no more memory.
  const auto memory = [&](int n) {
    const std::string info = after(run, "/info", n);
    return info.substr(info.find("memory "), 40);
  };
  EXPECT_EQ(memory(2), memory(1));
}

TEST(Chat, AQuestionThatIsTooLongCostsNothing) {
  const Outcome run = boot(chatting({"hello", std::string(300, '?'), "/save \\chat.txt", "and now?"}));
  EXPECT_EQ(count(run.screen, "error: "), 1u) << run.screen;
  EXPECT_EQ(count(file(run, "\\chat.txt"), "---"), 2u) << file(run, "\\chat.txt");
  EXPECT_GT(number_before(after(run, "and now?"), " kept"), 40) << run.screen;
}

TEST(Chat, WrongCommandsCostNothing) {
  const Outcome run = boot(chatting({"hello", "/nonsense", "/load", "/load \\none.txt", "/model none", "/set kernel none",
                                      "/set template none at all", "/set template", "/system kind", "/save \\llama.cfg", "/retry x", "/again x", "and now?",
                                      "/save \\chat.txt"}));
  EXPECT_EQ(count(run.screen, "error: "), 9u) << run.screen;
  EXPECT_EQ(count(file(run, "\\chat.txt"), "---"), 5u) << file(run, "\\chat.txt");
  EXPECT_TRUE(says(run, "  template = \n")) << run.screen;
}

TEST(Chat, SavesAndLoads) {
  FakeMachine machine = chatting({"hello", "--- user\\", "/save \\chat.txt", "/context", "/seed 9", "and now?"});
  const Outcome first = boot(machine);
  const std::string saved = file(first, "\\chat.txt");
  EXPECT_NE(saved.find("\n--- user\n\\--- user\\\n--- assistant\n"), std::string::npos) << saved;
  machine.files["\\chat.txt"] = test::to_bytes(saved);
  machine.typed = {"/load \\chat.txt", "/context", "/seed 9", "and now?", "/save! \\chat.txt", "/quit"};
  const Outcome second = boot(machine);
  EXPECT_TRUE(says(second, "4 turns in \\chat.txt\n")) << second.screen;
  EXPECT_EQ(after(second, "/context"), after(first, "/context"));
  EXPECT_EQ(answer(second, "and now?"), answer(first, "and now?"));
  EXPECT_TRUE(file(second, "\\chat.txt").starts_with(saved));
}

TEST(Chat, LoadsAConversationThatEndsWithAQuestionAndAnswersIt) {
  FakeMachine machine = chatting({"/load \\chat.txt", "/save \\all.txt"});
  machine.files["\\chat.txt"] = test::to_bytes("--- system\r\nBe brief.\r\n--- user\r\nhello\r\n");
  const Outcome run = boot(machine);
  EXPECT_TRUE(file(run, "\\all.txt").starts_with("--- system\nBe brief.\n--- user\nhello\n--- assistant\n")) << run.screen;
  machine.files["\\chat.txt"] = test::to_bytes("--- user\nhello\n--- nobody\n");
  machine.typed = {"hello", "/load \\chat.txt", "/save \\all.txt", "/quit"};
  const Outcome wrong = boot(machine);
  EXPECT_TRUE(says(wrong, "error: \\chat.txt: line 3 begins no turn")) << wrong.screen;
  EXPECT_TRUE(file(wrong, "\\all.txt").starts_with("--- user\nhello\n--- assistant\n")) << file(wrong, "\\all.txt");
}

TEST(Chat, ALongAnswerWaitsForAKeyAtEveryScreenful) {
  FakeMachine machine = chatting({}, {.context = 4096, .ends = 0});
  machine.files["\\EFI\\BOOT\\llama.cfg"] = test::to_bytes("model = \\models\\chat.gguf\nseed = 7\nsteps = 4000\nmore = on\n");
  machine.typed = {"hello"};
  machine.keys = {{uefi::ScanCode::escape, 0}, {uefi::ScanCode::none, u'/'}, {uefi::ScanCode::none, u'q'}, {uefi::ScanCode::none, u'\r'}};
  const Outcome run = boot(machine);
  EXPECT_EQ(count(run.screen, "-- more: any key; Esc: no --"), 1u) << run.screen;
  EXPECT_TRUE(says(run, "\nstopped\n")) << run.screen;
}

TEST(Chat, TellsStoriesInBetween) {
  const Outcome run = boot(chatting({"hello", "/story", "abc", "", "/chat", "and now?", "/save \\chat.txt"}));
  EXPECT_TRUE(answer(run, "abc").starts_with("seed ")) << run.screen;
  EXPECT_NE(after(run, "abc").find("\n\nabc"), std::string::npos) << run.screen;
  EXPECT_EQ(count(file(run, "\\chat.txt"), "---"), 4u) << file(run, "\\chat.txt");
  // The conversation is what it would have been without them.
  EXPECT_EQ(answer(boot(chatting({"hello", "/seed 10", "and now?"})), "and now?"),
            answer(boot(chatting({"hello", "/story", "abc", "/chat", "/seed 10", "and now?"})), "and now?"));
}

TEST(Chat, WantsAModelThatCan) {
  test::MadeChatModel plain;
  plain.chat_template.clear();
  const Outcome run = boot(chatting({"/chat", "/retry", "/clear", "/context", "/load \\x.txt", "/system x"}, plain));
  EXPECT_EQ(count(run.screen, "error: "), 5u) << run.screen;
  EXPECT_TRUE(says(run, "Enter: another story.")) << run.screen;
  test::MadeChatModel strange;
  strange.chat_template = "{{ 'something else' }}";
  EXPECT_TRUE(says(boot(chatting({}, strange)), "note: the model's chat template is not known here"));
  FakeMachine machine = chatting({"hello"}, plain);
  machine.options += " --template chatml";
  EXPECT_TRUE(says(boot(machine), "chat      template chatml, ")) << "forced";
  machine = chatting({"hello"});
  machine.options += " --template none";
  EXPECT_TRUE(says(boot(machine), "Enter: another story.")) << "switched off";
}

TEST(Chat, AnEscClosesTheTurnAndTheNextQuestionGoesOn) {
  FakeMachine machine = chatting({"hello", "and now?", "/save \\chat.txt"});
  const uint64_t looks = test::start(machine).calls[int(Service::read_key)];
  int stopped = 0;
  for (machine.hurry = 1; machine.hurry < looks; ++machine.hurry) {
    const Outcome run = boot(machine);
    if (!says(run, "\nstopped\n")) continue;
    ++stopped;
    EXPECT_TRUE(says(run, "> and now?\n")) << run.screen;
    const std::string saved = file(run, "\\chat.txt");
    EXPECT_EQ(count(saved, "--- user"), 2u) << saved;
    EXPECT_EQ(count(saved, "--- assistant"), 2u) << saved;
  }
  EXPECT_GT(stopped, 5);
}

TEST(Chat, GoesOnWithAnAnswerThatWasCut) {
  test::MadeChatModel endless;
  endless.ends = 0;
  const Outcome run = boot(chatting({"/set temperature 0", "/set steps 5", "hello", "/continue", "/save \\two.txt", "/clear",
                                      "/set steps 10", "hello", "/save \\one.txt", "/clear", "/continue"}, endless));
  EXPECT_EQ(file(run, "\\two.txt"), file(run, "\\one.txt")) << run.screen;
  EXPECT_TRUE(says(run, "the answer has as many tokens as steps allows: /continue goes on\n")) << run.screen;
  EXPECT_TRUE(says(run, "error: there is no answer to go on with\n")) << run.screen;
}

TEST(Chat, TypedSpecialTokensStayText) {
  const Outcome run = boot(chatting({"/context", "<|im_end|>", "/save \\chat.txt"}));
  EXPECT_TRUE(file(run, "\\chat.txt").starts_with("--- user\n<|im_end|>\n--- assistant\n"));
  // Ten bytes and as many tokens, less a pair or two: never one.
  EXPECT_GT(number_before(after(run, "<|im_end|>"), " read"), 8) << run.screen;
}

TEST(Chat, TakesCharactersOfManyBytes) {
  FakeMachine machine = chatting({});
  machine.typed.clear();
  machine.keys_at_once = 64;
  // A serial line sends bytes.
  for (const char c : std::string("\xc3\xa9 \xe4\xbd\xa0 \xf0\x9f\x99\x82\r/save \\chat.txt\r/quit\r"))
    machine.keys.push_back({uefi::ScanCode::none, char16_t(uint8_t(c))});
  const Outcome run = boot(machine);
  EXPECT_TRUE(file(run, "\\chat.txt").starts_with("--- user\n\xc3\xa9 \xe4\xbd\xa0 \xf0\x9f\x99\x82\n--- assistant\n"))
      << file(run, "\\chat.txt");
}

TEST(Chat, AnswersAFileOfQuestionsAndEnds) {
  FakeMachine machine = chatting({});
  machine.files["\\asks.txt"] = test::to_bytes("hello\n---\nand now?\n");
  machine.options += " --prompt_file \\asks.txt --output \\answers.txt --on_finish exit";
  const Outcome run = boot(machine);
  EXPECT_EQ(run.status, Status::success);
  EXPECT_EQ(count(file(run, "\\answers.txt"), "\n---\n"), 1u) << file(run, "\\answers.txt");
  const Outcome typed = boot(chatting({"hello", "and now?"}));
  EXPECT_EQ(answer(run, "hello"), answer(typed, "hello")) << run.screen;
  EXPECT_EQ(answer(run, "and now?"), answer(typed, "and now?")) << run.screen;
}

TEST(Chat, WithoutAQuestionAndWithoutAnyoneToAskThereIsNothingToDo) {
  FakeMachine machine = chatting({});
  machine.options += " --on_finish exit";
  const Outcome run = test::start(machine);
  EXPECT_EQ(run.status, Status::invalid_parameter);
  EXPECT_TRUE(says(run, "error: there is no question: prompt or prompt_file has one\n")) << run.screen;
}

TEST(Chat, ReadsAheadWhileNobodyTypes) {
  // The fake types only when the program waits, so all is read by then.
  const Outcome run = boot(chatting({"hello", "hello"}));
  const std::string first = after(run, "hello", 1), second = after(run, "hello", 2);
  EXPECT_GT(number_before(first, " kept"), 20) << run.screen;  // the system turn and the question's beginning
  EXPECT_LT(number_before(first, " read"), 28) << run.screen;  // the question, its end, and the answer's beginning
  EXPECT_EQ(number_before(second, " read"), number_before(first, " read")) << run.screen;
}

TEST(Chat, KeepsTheConversationWithAnotherModel) {
  test::MadeChatModel other;
  other.seed = 2;
  for (const char* name : {"chat2.gguf", "chat2"}) {  // by its name, and as it is called
    FakeMachine machine = chatting({"hello", std::string("/model ") + name, "and now?", "/save \\chat.txt"});
    machine.files["\\models\\chat20.gguf"] = test::to_bytes("not meant");
    machine.files["\\models\\chat2.gguf"] = other.bytes();
    machine.files["\\models\\chat2.txt"] = test::to_bytes("not meant");
    const Outcome run = boot(machine);
    EXPECT_EQ(count(run.screen, "loaded "), 2u) << run.screen;
    EXPECT_EQ(count(file(run, "\\chat.txt"), "---"), 4u) << run.screen;
  }
}

TEST(Chat, HelpListsItsCommands) {
  const Outcome run = boot(chatting({"/help"}));
  for (const char* name : {"clear", "system", "retry", "context", "story", "chat", "save", "load"})
    EXPECT_TRUE(says(run, std::string("\n  /") + name + " ")) << name << run.screen;
}

}  // namespace
