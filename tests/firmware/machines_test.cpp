// The program on machines of many kinds: each lacks something, or has it in an unusual form, and
// none of them fails while it runs (faults_test.cpp has those).
#include <gtest/gtest.h>

#include "tests/firmware/expectations.hpp"

namespace {

using test::expect_the_end;
using test::expect_the_story;
using test::FakeMachine;
using test::Fault;
using test::Outcome;
using test::says;
using test::Service;
using uefi::Status;

TEST(Machine, TellsTheStory) {
  const Outcome run = test::start(test::one_story());
  expect_the_story(run);
  EXPECT_TRUE(says(run, "\n292 279 75 2 125 195 103 201 128 241 252 126\n")) << run.screen;
}

TEST(Machine, DoesWithoutWhatMachinesLack) {
  const struct {
    const char* name;
    void (*lacks)(FakeMachine&);
  } kKinds[] = {
      {"screen", [](FakeMachine& m) { m.screen = false; }},
      {"serial line", [](FakeMachine& m) { m.serial_line = false; }},
      {"extended keyboard", [](FakeMachine& m) { m.extended_keyboard = false; }},
      {"keyboard", [](FakeMachine& m) { m.keyboard = false; }},
      {"random numbers", [](FakeMachine& m) { m.rng = false; }},
      {"clock", [](FakeMachine& m) { m.clock = false; }},
      {"memory above 4 GiB", [](FakeMachine& m) { m.memory = test::Memory::below_4_gib; }},
      {"memory in one place", [](FakeMachine& m) { m.memory = test::Memory::by_turns; }},
      {"large reads", [](FakeMachine& m) { m.refused_read = 512 * 1024; }},
      {"reads of more than a cluster", [](FakeMachine& m) { m.largest_read = 4096; }},
      {"reads of more than seven bytes", [](FakeMachine& m) { m.largest_read = 7; }},
      {"reads of more than a byte", [](FakeMachine& m) { m.largest_read = 1; }},
      {"other volumes that work", [](FakeMachine& m) { m.broken_volumes = 3; }},
      {"a number of volumes that anyone expects", [](FakeMachine& m) { m.broken_volumes = 500; }},
  };
  for (const auto& kind : kKinds) {
    SCOPED_TRACE(std::string("without ") + kind.name);
    FakeMachine machine = test::one_story();
    kind.lacks(machine);
    expect_the_story(test::start(machine));
  }
}

TEST(Machine, HasNobodyToTellItToWithoutAConsole) {
  FakeMachine machine = test::one_story();
  machine.console = false;
  const Outcome run = test::start(machine);
  EXPECT_EQ(run.status, Status::success);
  EXPECT_EQ(run.screen, "");
  EXPECT_EQ(run.complaints, "");
}

TEST(Machine, LooksForKeysWhereNothingTellsOfThem) {
  FakeMachine machine = test::conversation();
  const std::string told = essence(test::start(machine));
  machine.key_events = false;
  for (const bool extended : {true, false}) {
    machine.extended_keyboard = extended;
    const Outcome run = test::start(machine);
    EXPECT_EQ(essence(run), told);
    EXPECT_EQ(run.complaints, "");
  }
}

TEST(Machine, TakesASeedWithoutARandomNumberGenerator) {
  FakeMachine machine = test::one_story();
  machine.files["\\EFI\\BOOT\\llama.cfg"] = test::to_bytes("on_finish = exit\nsteps = 8\n");
  machine.options.clear();
  std::string seeds[3];
  for (int i = 0; i < 3; ++i) {
    machine.rng = i > 0;
    machine.rng_ready = i > 1;
    const Outcome run = test::start(machine);
    EXPECT_EQ(run.status, Status::success);
    EXPECT_EQ(run.complaints, "");
    const size_t at = run.screen.find("\nseed      ");
    ASSERT_NE(at, std::string::npos) << run.screen;
    seeds[i] = run.screen.substr(at + 11, run.screen.find('\n', at + 1) - at - 11);
    EXPECT_NE(seeds[i], "0");
  }
  EXPECT_EQ(seeds[0], seeds[1]);  // the fake's time and processor are the same every time
  EXPECT_NE(seeds[1], seeds[2]);  // and its generator says something else
}

TEST(Machine, SaysHowMuchMemoryThereIs) {
  // In 20,000 pieces of 100 pages, and the list of them grows while it is asked for.
  FakeMachine machine = test::one_story();
  machine.free_pieces.assign(20'000, 100);
  machine.largest_piece = 100 * 4096;
  for (const uint64_t growth : {0, 2, 7, 100}) {
    machine.map_growth = growth;
    expect_the_end(test::start(machine), Status::out_of_resources,
                   "the story needs 1 MiB of memory in one piece, but the largest free piece has 0 MiB (7,812 MiB are "
                   "free in all)\n");
  }
}

TEST(Machine, DoesNotBelieveInMoreMemoryMapThanItHasRoomFor) {
  FakeMachine machine = test::one_story();
  machine.all_memory = 64 * 1024;
  machine.map_boasts = true;
  expect_the_end(test::start(machine), Status::out_of_resources, "the ");
}

TEST(Machine, EndsWhereverMemoryDoes) {
  const uint64_t kMost = 2 << 20;
  int ended = 0;
  for (uint64_t bytes = 0; bytes < kMost; bytes += 64 * 1024) {
    FakeMachine machine = test::one_story();
    machine.all_memory = bytes;
    const Outcome run = test::start(machine);
    if (run.status == Status::success) {
      expect_the_story(run);
      continue;
    }
    ++ended;
    expect_the_end(run, Status::out_of_resources, "the ");
  }
  EXPECT_GT(ended, 5);
  EXPECT_LT(ended, 31);
}

TEST(Machine, SwitchesOffOnlyWhereTheMachineCan) {
  for (const auto& [option, reset, note] :
       {std::tuple{"poweroff", "shutdown", "note: this firmware cannot switch the machine off\n"},
        std::tuple{"reboot", "cold", "note: this firmware cannot restart the machine\n"}}) {
    FakeMachine machine = test::one_story();
    machine.options += std::string(" --on_finish ") + option;
    const Outcome run = test::start(machine);  // its ResetSystem comes back
    EXPECT_EQ(run.reset, reset);
    EXPECT_TRUE(says(run, note)) << run.screen;
    EXPECT_EQ(run.complaints, "");
  }
}

TEST(Machine, SwitchesTheWatchdogOff) {
  EXPECT_EQ(test::start(test::one_story()).watchdog_seconds, 0u);
  // Where firmware refuses, the story is told all the same.
  expect_the_story(test::start(test::one_story(), Fault{Service::set_watchdog_timer, 1, true}));
}

TEST(Machine, WaitsUntilAnErrorWasRead) {
  FakeMachine machine = test::one_story();
  machine.options += " --on_finish prompt -m \\none.bin";
  const Outcome read = test::start(machine);
  EXPECT_EQ(read.status, Status::not_found);
  EXPECT_TRUE(says(read, "press a key to go back to the firmware\n")) << read.screen;
  EXPECT_GT(read.calls[int(Service::wait_for_event)], 0u);
  machine.keyboard = false;  // nobody could press one
  const Outcome unread = test::start(machine);
  EXPECT_EQ(unread.status, Status::not_found);
  EXPECT_FALSE(says(unread, "press a key")) << unread.screen;
}

TEST(Machine, EndsWheneverSomebodyPressesEsc) {
  FakeMachine machine = test::one_story();
  machine.read_milliseconds = 120;  // long enough for the bar that shows how far loading is
  const uint64_t looks = test::start(machine).calls[int(Service::read_key)];
  int loading = 0, told = 0;
  for (machine.hurry = 1; machine.hurry <= looks; ++machine.hurry) {
    const Outcome run = test::start(machine);
    EXPECT_EQ(run.complaints, "");
    if (says(run, "error: stopped while loading\n")) {
      EXPECT_EQ(run.status, Status::aborted);
      ++loading;
    } else {
      EXPECT_EQ(run.status, Status::success);
      EXPECT_TRUE(says(run, "\nstopped\n")) << run.screen;
      ++told;
    }
  }
  EXPECT_GT(loading, 0);
  EXPECT_GE(told, 12);  // once for each token
}

}  // namespace
