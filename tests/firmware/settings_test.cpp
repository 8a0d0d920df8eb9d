// What the program is told at its start: llama.cfg and the command line.
#include <gtest/gtest.h>

#include "tests/firmware/expectations.hpp"

namespace {

using test::expect_the_story;
using test::FakeMachine;
using test::Fault;
using test::Outcome;
using test::says;
using test::Service;
using uefi::Status;

TEST(Settings, ReadsLongLinesOfItsSettings) {
  const auto tokens = [](size_t characters) {
    FakeMachine machine = test::one_story();
    machine.options = "llama.efi --on_finish exit";
    machine.files["\\EFI\\BOOT\\llama.cfg"] =
        test::to_bytes("temperature = 0\nprompt = " + std::string(characters, '7') + "\nsteps = 12\n");
    const Outcome run = test::start(machine);
    const size_t at = run.screen.find("error: the prompt has ");
    EXPECT_NE(at, std::string::npos) << run.screen;
    std::string number = run.screen.substr(at + 22, 10);
    std::erase(number, ',');
    return std::stoul(number);
  };
  for (const size_t longer : {1'000, 1'024, 1'025, 2'048, 4'000}) EXPECT_EQ(tokens(longer), tokens(300) + longer - 300);
}

TEST(Settings, ReadsTheConfigurationAsUtf16) {
  FakeMachine machine = test::one_story();
  std::string bytes = "\xff\xfe";
  for (const char c : std::string("prompt = \"ab\"\r\ntemperature = 0.8 # warm\nseed = 7\nsteps = 12\non_finish = exit"))
    (bytes += c) += '\0';
  machine.files["\\EFI\\BOOT\\llama.cfg"] = test::to_bytes(bytes);
  machine.options = "--ids";
  expect_the_story(test::start(machine));
}

TEST(Settings, DoesNotMindSlipsInTheConfiguration) {
  FakeMachine machine = test::one_story();
  machine.files["\\EFI\\BOOT\\llama.cfg"] = test::to_bytes("temprature = 1\nsteps = many\nkernel = " + std::string(33, 'k'));
  const Outcome run = test::start(machine);
  expect_the_story(run);
  for (const char* words : {"line 1 is passed over: there is no option 'temprature'; did you mean 'temperature'?\n",
                            "line 2 is passed over: steps wants a whole number up to 1,048,576, not 'many'\n",
                            "line 3 is passed over: kernel has at most 32 bytes, not 33\n"})
    EXPECT_TRUE(says(run, words)) << words << run.screen;
  machine.files["\\EFI\\BOOT\\llama.cfg"] = test::Bytes(65 * 1024, '#');
  const Outcome large = test::start(machine);
  expect_the_story(large);
  EXPECT_TRUE(says(large, "bytes long, but at most 65,536 make sense; going on without it\n")) << large.screen;
}

TEST(Settings, LetsScriptsGoOnWhereverTheirOptionStands) {
  FakeMachine machine = test::one_story();
  machine.files["\\EFI\\BOOT\\llama.cfg"] = {};
  for (const char* options : {"--on_finish exit -t hot", "-t hot --on_finish exit", "--nothing --on_finish=exit",
                              "--prompt_file none.txt --on_finish=exit"}) {
    machine.options = options;
    const Outcome run = test::start(machine);
    EXPECT_NE(run.status, Status::success);
    EXPECT_TRUE(says(run, "error: ")) << run.screen;
    EXPECT_FALSE(says(run, "press a key")) << run.screen;
    EXPECT_EQ(run.complaints, "");
  }
}

TEST(Settings, SaysWhichProgramItIs) {
  FakeMachine machine = test::one_story();
  machine.options = "--version --on_finish exit";
  const Outcome run = test::start(machine);
  EXPECT_EQ(run.status, Status::success);
  EXPECT_TRUE(run.screen.starts_with("llama.efi 0.1, build 00000000\n")) << run.screen;  // the fake says of no code
  EXPECT_FALSE(says(run, "model ")) << run.screen;
  machine.options = "--help --on_finish exit";
  const Outcome help = test::start(machine);
  EXPECT_TRUE(says(help, "usage: llama.efi [MODEL] [options]")) << help.screen;
  EXPECT_TRUE(says(help, "\n  -t, --temperature  0 to 10  ")) << help.screen;
}

TEST(Settings, KnowsWhatIsNoCommandLine) {
  FakeMachine machine = test::one_story();
  machine.options = std::string("\x01\x02\x03", 3);
  const Outcome run = test::start(machine);
  constexpr const char* kNote = "note: the boot options that firmware handed over are no text; passed over\n";
  EXPECT_TRUE(says(run, kNote)) << run.screen;
  expect_the_story(run);

  // Where they cannot be had at all, it says so, too.
  machine = test::one_story();
  int notes = 0;
  for (uint64_t call = 1; call <= run.calls[int(Service::handle_protocol)]; ++call)
    notes += says(test::start(machine, Fault{Service::handle_protocol, call}), kNote);
  EXPECT_EQ(notes, 1);
}

}  // namespace
