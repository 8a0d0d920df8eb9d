// Several prompts from one file, what is written to a file of them, and texts longer than the screen.
#include "boot/script.hpp"

#include <gtest/gtest.h>

#include <sstream>

#include "tests/firmware/expectations.hpp"
#include "tests/host/made_checkpoint.hpp"

namespace {

using test::Fault;
using test::FakeMachine;
using test::Outcome;
using test::says;
using test::Service;
using uefi::Status;

std::vector<std::string> questions(const std::string& script) {
  std::vector<std::string> all;
  for (rt::Text rest(script.data(), script.size()), next; !(next = boot::take_question(rest)).empty();)
    all.emplace_back(next.data, next.size);
  return all;
}

TEST(Script, IsCutAtLinesOfThreeHyphens) {
  using All = std::vector<std::string>;
  EXPECT_EQ(questions(""), All{});
  EXPECT_EQ(questions("\n---\n \n---"), All{});
  EXPECT_EQ(questions("one"), All{"one"});
  EXPECT_EQ(questions(" one\ntwo \n"), All{" one\ntwo "});
  EXPECT_EQ(questions("one\n---\ntwo\n --- \n---\nthree\n---\n\n"), (All{"one", "two", "three"}));
  EXPECT_EQ(questions("one\r\n---\r\ntwo\r\n"), (All{"one", "two"}));
  EXPECT_EQ(questions("---- one\n--- two\n---\n-- -"), (All{"---- one\n--- two", "-- -"}));
}

/// Three stories from a file, written to another.
FakeMachine batch() {
  FakeMachine machine = test::one_story();
  machine.options = "-t 0 -n 8 --prompt_file \\asks.txt --output \\answers.txt --on_finish exit";
  machine.files["\\EFI\\BOOT\\llama.cfg"] = {};
  machine.files["\\asks.txt"] = test::to_bytes("ab\r\n---\r\ncab\n---\n\n---\nabc\n");
  return machine;
}

std::vector<std::string> answers(const Outcome& run) {
  const test::Bytes& bytes = run.files.at("\\answers.txt");
  return questions(std::string(bytes.begin(), bytes.end()));
}

TEST(Script, TellsOneStoryForEachPromptAndWritesThemToAFile) {
  const Outcome run = test::start(batch());
  EXPECT_EQ(run.status, Status::success) << run.screen;
  EXPECT_EQ(run.complaints, "");
  const std::vector<std::string> told = answers(run);
  ASSERT_EQ(told.size(), 3u) << run.screen;
  EXPECT_TRUE(told[0].starts_with("ab") && told[1].starts_with("cab") && told[2].starts_with("abc"));
  // Alone, each is the same.
  FakeMachine alone = batch();
  alone.files["\\asks.txt"] = test::to_bytes("cab");
  alone.files["\\answers.txt"] = test::to_bytes("older answers, more of them than there will be this time");
  const Outcome second = test::start(alone);
  EXPECT_EQ(answers(second), std::vector{told[1]}) << second.screen;
}

TEST(Script, GoesOnAfterAPromptThatCannotBeRead) {
  FakeMachine machine = batch();
  machine.files["\\asks.txt"] = test::to_bytes("ab\n---\n" + std::string(60, '?') + "\n---\nabc\n");
  const Outcome run = test::start(machine);
  EXPECT_EQ(run.status, Status::invalid_parameter) << "whoever started it must learn of it";
  EXPECT_TRUE(says(run, "error: the prompt has 6")) << run.screen;
  EXPECT_EQ(answers(run).size(), 2u) << run.screen;
  EXPECT_EQ(run.complaints, "");
}

TEST(Script, IsStoppedByAKey) {
  FakeMachine machine = batch();
  machine.options += " --on_finish prompt";
  machine.typed = {"/quit"};
  const uint64_t looks = test::start(machine).calls[int(Service::read_key)];
  bool one = false;
  for (machine.hurry = 1; machine.hurry < looks; ++machine.hurry) {
    const Outcome run = test::start(machine);
    EXPECT_EQ(run.complaints, "");
    if (!run.files.contains("\\answers.txt")) continue;
    const size_t told = answers(run).size();
    one |= told == 1;
    EXPECT_TRUE(told == 3 || says(run, "\nstopped\n")) << run.screen;
  }
  EXPECT_TRUE(one);
}

TEST(Output, IsCheckedBeforeAnythingIsLoaded) {
  FakeMachine machine = batch();
  for (const char* name : {"\\llama.cfg", "\\EFI\\answers.txt", "\\models\\default.bin"}) {
    machine.options = std::string("--on_finish exit --output ") + name;
    const Outcome run = test::start(machine);
    EXPECT_EQ(run.status, Status::invalid_parameter);
    EXPECT_TRUE(says(run, std::string("error: ") + name)) << run.screen;
    EXPECT_FALSE(says(run, "model   ")) << run.screen;
    EXPECT_EQ(run.files, machine.files);
  }
}

TEST(Output, IsSetAndChangedAndSwitchedOffAtThePrompt) {
  FakeMachine machine = test::conversation();
  machine.options += " -t 0";
  machine.typed = {"/set output \\llama.cfg", "/set output \\one.txt", "ab", "cab", "/set output \\two.txt", "abc",
                   "/set output =", "ab", "/quit"};
  const Outcome run = test::start(machine);
  EXPECT_EQ(run.complaints, "");
  EXPECT_TRUE(says(run, "> /set output \\llama.cfg\nerror: \\llama.cfg: such names are kept for")) << run.screen;
  const auto file = [&](const char* name) {
    const test::Bytes& bytes = run.files.at(name);
    return questions(std::string(bytes.begin(), bytes.end()));
  };
  EXPECT_EQ(file("\\one.txt").size(), 2u);
  EXPECT_EQ(file("\\two.txt").size(), 1u);
  EXPECT_TRUE(file("\\two.txt")[0].starts_with("abc"));
}

TEST(Output, KeepsWhatCouldNotBeWrittenForTheNextTime) {
  FakeMachine machine = batch();
  const Outcome once = test::start(machine, Fault{Service::write, 1, false});
  EXPECT_NE(once.status, Status::success);
  EXPECT_TRUE(says(once, "error: ")) << once.screen;
  EXPECT_EQ(answers(once).size(), 3u) << once.screen;
  EXPECT_EQ(once.complaints, "");
}

TEST(Output, WantsAVolume) {
  FakeMachine machine = batch();
  machine.built_in_model = machine.files["\\models\\default.bin"];
  machine.built_in_tokenizer = machine.files["\\models\\tokenizer.bin"];
  machine.from_disk = false;
  machine.options = "-t 0 -n 8 --output \\answers.txt --on_finish exit";
  const Outcome run = test::start(machine);
  EXPECT_TRUE(says(run, "error: \\answers.txt: there is no volume to save to: ")) << run.screen;
}

/// A story of 400 lines' ends and letters on a screen of 31 rows.
FakeMachine long_story() {
  test::MadeCheckpoint made;
  made.config = {.dim = 32, .hidden_dim = 48, .n_layers = 1, .n_heads = 2, .n_kv_heads = 1, .vocab_size = 300, .seq_len = 512};
  FakeMachine machine = test::conversation();
  machine.files["\\models\\default.bin"] = made.bytes();
  std::string prompt;
  for (int i = 0; i < 100; ++i) prompt += "a\n";
  machine.files["\\long.txt"] = test::to_bytes(prompt);
  machine.options = "llama.efi -t 0 -n 240 --prompt_file \\long.txt";
  machine.typed.clear();
  return machine;
}

size_t count(const std::string& text, const std::string& words) {
  size_t n = 0;
  for (size_t at = 0; (at = text.find(words, at)) != std::string::npos; at += words.size()) ++n;
  return n;
}

TEST(Pager, HaltsALongTextAtEveryScreenful) {
  FakeMachine machine = long_story();
  machine.typed = {"/quit"};
  const Outcome whole = test::start(machine);
  EXPECT_EQ(count(whole.screen, "-- more"), 0u);
  machine.options += " --more on";
  machine.typed.clear();
  for (int i = 0; i < 10; ++i) machine.keys.push_back({uefi::ScanCode::none, u' '});
  const Outcome run = test::start(machine);
  EXPECT_EQ(run.complaints, "");
  const size_t halts = count(run.screen, "-- more: any key; Esc: no --");
  EXPECT_GE(halts, 2u) << run.screen;
  EXPECT_EQ(count(run.shown, "-- more"), 0u) << "what was asked goes away" << run.shown;
  const auto story = [](const std::string& shown) {
    const size_t begin = shown.find("\n\na\na\n");
    return shown.substr(begin, shown.find(" tokens/s", begin) - begin - 12);
  };
  EXPECT_EQ(story(run.shown), story(whole.shown));
  for (const test::Row& row : run.waits) EXPECT_LE(row.cursor, 79u);
}

TEST(Story, WordsWrapByTheColumnsThatTheyTake) {
  // 90 columns: 44 square letters, as the next could be wider; 30 words of two columns and a blank before them.
  std::string row, words, shown;  // the marks are not in the cells of the screen
  for (int i = 0; i < 44; ++i) row += "\u4f60";
  for (int i = 0; i < 30; ++i) words += i ? " e\u0301a" : "e\u0301a", shown += i ? " ea" : "ea";
  FakeMachine machine = long_story();
  machine.files["\\long.txt"] = test::to_bytes(row + row + "\n" + words + " bb");
  machine.options = "llama.efi -t 0 -n 400 --utf8 on --prompt_file \\long.txt";
  machine.typed = {"/quit"};
  const Outcome run = test::start(machine);
  EXPECT_EQ(run.complaints, "");
  EXPECT_NE(run.shown.find("\n" + row + "\n" + row + "\n" + shown + "\nbb"), std::string::npos) << run.shown;
}

TEST(Pager, EscEndsTheText) {
  FakeMachine machine = long_story();
  machine.options += " --more on";
  machine.keys = {{uefi::ScanCode::none, u' '}, {uefi::ScanCode::escape, 0}};
  const Outcome run = test::start(machine);
  EXPECT_EQ(run.complaints, "");
  EXPECT_EQ(count(run.screen, "-- more"), 2u);
  EXPECT_TRUE(says(run, "\nstopped\n")) << run.screen;
}

TEST(Pager, NeverHaltsWhatNobodyReads) {
  FakeMachine machine = long_story();
  machine.options += " --more on --on_finish exit";
  const Outcome run = test::start(machine);
  EXPECT_EQ(count(run.screen, "-- more"), 0u);
  EXPECT_EQ(run.status, Status::success);
  machine = long_story();
  machine.options += " --more on";
  machine.keyboard = false;
  EXPECT_FALSE(says(test::start(machine), "stopped"));
}

}  // namespace
