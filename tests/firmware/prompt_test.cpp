// The commands of the prompt, and the stories between them.
#include <gtest/gtest.h>

#include <sstream>

#include "tests/firmware/expectations.hpp"

namespace {

using test::FakeMachine;
using test::Outcome;
using test::says;
using uefi::Status;

TEST(Prompt, HoldsAWholeConversation) {
  const Outcome run = test::start(test::conversation());
  EXPECT_EQ(run.status, Status::success);
  EXPECT_EQ(run.complaints, "");
  for (const char* words : {"> abc\n", "int8, dim 32, 2 layers, context 24", "llama2.c v1", "seed      3\n",
                            "error: there is no command 'nonsense' (/help lists them)", "> /quit\n"})
    EXPECT_TRUE(says(run, words)) << words << run.screen;
  EXPECT_EQ(run.files.at("\\story.txt").size(), 8u);  // nothing is left of the longer one before
}

TEST(Prompt, TellsTheSeedThatWasSet) {
  FakeMachine machine = test::conversation();
  machine.typed = {"/set seed 5", "", "", "/seed 3", "", "/seed 0", "", "", "/quit"};
  const Outcome run = test::start(machine);
  std::vector<std::string> seeds;
  for (size_t at = 0; (at = run.screen.find("\nseed      ", at)) != std::string::npos;) {
    at += 11;
    seeds.push_back(run.screen.substr(at, run.screen.find('\n', at) - at));
  }
  ASSERT_EQ(seeds.size(), 6u) << run.screen;
  EXPECT_EQ(std::vector(seeds.begin(), seeds.begin() + 4), (std::vector<std::string>{"7", "5", "6", "3"}));
  EXPECT_NE(seeds[4], seeds[5]);  // 0: another one every time
  EXPECT_NE(seeds[4], "0");
  EXPECT_NE(seeds[4], "1");
  EXPECT_EQ(run.complaints, "");
}

TEST(Prompt, SetsEveryOptionOrSaysWhyNot) {
  FakeMachine machine = test::conversation();
  machine.files["\\other.tok"] = machine.files["\\models\\tokenizer.bin"];
  machine.files["\\prompt.txt"] = test::to_bytes(" cab \n");
  machine.typed = {"/set prompt_file = \\prompt.txt", "/set prompt", "/set tokenizer \\other.tok", "/set on_finish exit",
                   "/set help on", "/set precision=f32", "/set kernel nothing", "/set steps = 2", "/set stepps 3",
                   "/set ids \"on\"", "/set prompt_file \\none.txt", "", "/set",
                   "/set prompt = abc, and then abc", "/set", "/quit"};
  const Outcome run = test::start(machine);
  EXPECT_EQ(run.status, Status::success);
  EXPECT_EQ(run.complaints, "");
  for (const char* words :
       {"  prompt       abc, and then         ", "  prompt       cab           ", "error: on_finish can only be given at the start, in llama.cfg or on a command line\n",
        "error: help can only be given at the start", "error: there is no kernel 'nothing'\n",
        "error: there is no option 'stepps'; did you mean 'steps'?\n", "error: \\none.txt: there is no such file on the volume\n",
        "  tokenizer    \\other.tok   ", "  precision    f32           usual   weights in memory", "  steps        2             256  ",
        "  ids          on            off ", "  kernel                             a kernel set"})
    EXPECT_TRUE(says(run, words)) << words << run.screen;
}

/// What is told after the `n`-th time that this line was typed, up to the figures.
std::string told_after(const Outcome& run, const std::string& line, int n = 1) {
  size_t at = 0;
  for (int i = 0; i < n; ++i) at = run.screen.find("> " + line + "\n", at) + line.size() + 3;
  const std::string rest = run.screen.substr(at, run.screen.find(" tokens, ", at) - at);
  return rest.substr(0, rest.rfind("\n\n"));
}

TEST(Prompt, GoesOnWithTheLastStory) {
  FakeMachine machine = test::conversation();
  machine.typed = {"/set ids on", "/set steps 12", "/again 7", "/set steps 4", "/again 7", "/set steps 3", "/continue",
                   "/set steps 5", "/continue", "/set steps 0", "/continue", "/continue", "/quit"};
  const Outcome run = test::start(machine);
  const std::string whole = told_after(run, "/again 7");
  std::string parts = told_after(run, "/again 7", 2);
  for (int i = 1; i <= 2; ++i) parts += told_after(run, "/continue", i).substr(1);
  EXPECT_EQ(parts, whole) << run.screen;
  EXPECT_TRUE(says(run, "the story fills the model's context of 24 tokens\n") || says(run, " 1\n\n")) << run.screen;
  EXPECT_TRUE(says(run, "error: the story fills the model's context\n") || says(run, "error: the story came to its own end\n"))
      << run.screen;
  EXPECT_EQ(run.complaints, "");
}

TEST(Prompt, SaysWhenThereIsNothingToGoOnWith) {
  FakeMachine machine = test::conversation();
  machine.typed = {"/model other", "/continue", "/set steps 1", "abc", "/continue", "/set steps 8", "", "/bench", "/continue", "/quit"};
  const Outcome run = test::start(machine);
  EXPECT_TRUE(says(run, "> /continue\nerror: there is no story of this model to go on with: press Enter for one\n")) << run.screen;
  EXPECT_TRUE(says(run, "note: the prompt alone has 3 tokens, and steps is 1: the story ends within it\n")) << run.screen;
  EXPECT_TRUE(says(run, "error: the story ended within its prompt: /again tells it anew\n")) << run.screen;
  EXPECT_TRUE(says(run, " tokens/s: \\models\\other.bin, float32, ")) << run.screen;
  EXPECT_EQ(run.complaints, "");
}

TEST(Prompt, TellsAStoryAgain) {
  FakeMachine machine = test::conversation();
  machine.typed = {"", "/again", "/again 7", "/again x", "", "/quit"};
  const Outcome run = test::start(machine);
  EXPECT_EQ(told_after(run, "/again"), told_after(run, "", 1));
  EXPECT_TRUE(told_after(run, "/again 7").starts_with("seed      7\n")) << run.screen;
  EXPECT_NE(told_after(run, "/again 7"), told_after(run, "/again"));
  EXPECT_TRUE(says(run, "error: a seed is a whole number, not 'x'\n")) << run.screen;
  EXPECT_TRUE(told_after(run, "", 2).starts_with("seed      9\n")) << "the next story's seed is what it was" << run.screen;
}

TEST(Prompt, ExplainsOptionsAndCommands) {
  FakeMachine machine = test::conversation();
  machine.typed = {"/help", "/help temperature", "/help seed", "/help /off", "/help tempreature", "/help on_finish", "/hlep",
                   "/info", "/set", "/quit"};
  const Outcome run = test::start(machine);
  for (const char* words :
       {"  /set      NAME VALUE  change an option", "  temperature = 0.8\n  0: always the likeliest token; for the next story\n  0 to 10, default 0.8\n",
        "  /seed     N           the next story's seed", "  /off                  switch the machine off\n",
        "error: there is no option or command 'tempreature'; did you mean 'temperature'?\n",
        "  after the first story; only at the start\n  prompt|exit|poweroff|reboot, default prompt\n",
        "error: there is no command 'hlep'; did you mean 'help'?\n", "> /info\nllama.efi 0.1, build ",
        "  option       value         default meaning\n  model                              the model\n"})
    EXPECT_TRUE(says(run, words)) << words << run.screen;
  const std::string info = run.screen.substr(run.screen.find("> /info"));
  EXPECT_NE(info.find("model     \\models\\default.bin: llama2.c v2, int8\n"), std::string::npos) << info;
  EXPECT_NE(info.find("memory    "), std::string::npos) << info;
  std::istringstream lines(run.screen.substr(run.screen.find("> /help")));
  for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 79u) << line;
}

TEST(Prompt, SavesOnlyWhereItCan) {
  FakeMachine machine = test::conversation();
  const test::Bytes old = test::to_bytes("an older story");
  machine.files["\\story.txt"] = old;
  const Outcome there = test::start(machine);
  EXPECT_TRUE(says(there, "error: \\story.txt: there is such a file already")) << there.screen;
  EXPECT_EQ(there.files, machine.files);

  machine.files.erase("\\story.txt");
  machine.read_only = true;
  const Outcome refused = test::start(machine);
  EXPECT_TRUE(says(refused, "EFI_WRITE_PROTECTED\n")) << refused.screen;
  EXPECT_EQ(refused.files, machine.files);
  EXPECT_EQ(refused.complaints, "");

  machine.read_only = false;
  for (const uint64_t room : {0, 5}) {
    machine.free_bytes = room;
    const Outcome full = test::start(machine);
    EXPECT_TRUE(says(full, "error: \\story.txt: ")) << full.screen;
    EXPECT_TRUE(says(full, "EFI_VOLUME_FULL\n")) << full.screen;
    EXPECT_EQ(full.complaints, "");
    EXPECT_EQ(full.files, machine.files);
    EXPECT_EQ(full.status, Status::success);  // the conversation goes on
  }
}

TEST(Prompt, SavesUnderANameOfItsOwnAndReplacesOnlyWhenTold) {
  FakeMachine machine = test::conversation();
  machine.typed = {"/save", "/save", "ab", "/save! \\story-7.txt", "/set prompt =", "", "/save!", "/save! \\llama.cfg", "/quit"};
  const Outcome run = test::start(machine);
  EXPECT_TRUE(says(run, "> /save\n13 bytes in \\story-7.txt\n> /save\nerror: \\story-7.txt: ")) << run.screen;
  EXPECT_TRUE(says(run, " bytes in \\story-9.txt\n")) << run.screen;
  EXPECT_TRUE(says(run, "> /save! \\llama.cfg\nerror: ")) << run.screen;
  EXPECT_TRUE(run.files.contains("\\story-9.txt"));
  EXPECT_EQ(std::string(run.files.at("\\story-7.txt").begin(), run.files.at("\\story-7.txt").end()).substr(0, 2), "ab");
  EXPECT_EQ(run.complaints, "");

  machine.built_in_model = machine.files["\\models\\default.bin"];
  machine.built_in_tokenizer = machine.files["\\models\\tokenizer.bin"];
  machine.from_disk = false;
  EXPECT_TRUE(says(test::start(machine), "there is no volume to save to: ")) << "started over the network";
}

}  // namespace
