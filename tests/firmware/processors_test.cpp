// The other processors: how many there are, and when they come and go.
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

TEST(Processors, SaysThatItCannotStartOthers) {
  FakeMachine machine = test::one_story();
  machine.mp_services = false;
  const Outcome run = test::start(machine);
  expect_the_story(run);
  EXPECT_TRUE(says(run, "cores     1: this firmware cannot start others\n")) << run.screen;
}

TEST(Processors, StartsAllProcessors) {
  for (const uint32_t processors : {2, 3, 5}) {
    FakeMachine machine = test::one_story();
    machine.processors = processors;
    const Outcome run = test::start(machine);
    expect_the_story(run);
    EXPECT_TRUE(says(run, "cores     1: ")) << run.screen;
    EXPECT_TRUE(says(run, ", " + std::to_string(processors) + ": ")) << run.screen;
  }
}

TEST(Processors, WaitsForProcessorsThatAreLate) {
  FakeMachine machine = test::one_story();
  machine.options += " --threads 2";
  machine.files["\\EFI\\BOOT\\llama.cfg"] = {};
  machine.processors = 2;
  for (const uint64_t late : {100, 510, 6'000}) {
    SCOPED_TRACE(late);
    machine.late_milliseconds = late;
    const Outcome run = test::start(machine);
    expect_the_story(run);
    if (late > 500) {
      EXPECT_TRUE(says(run, "note: 1 of 1 other processors did not come\n")) << run.screen;
    }
  }
}

TEST(Processors, EndsOnlyWhenTheLastProcessorIsBack) {
  FakeMachine machine = test::one_story();
  machine.options += " --threads 3";
  machine.files["\\EFI\\BOOT\\llama.cfg"] = {};
  machine.processors = 3;
  machine.late_milliseconds = 60'000;
  const Outcome run = test::start(machine);
  expect_the_story(run);
  EXPECT_TRUE(says(run, "note: waiting for other processors, which have not come back to firmware\n")) << run.screen;
  EXPECT_GT(run.calls[int(Service::stall)], 55'000u);
}

TEST(Processors, SendsProcessorsHomeThatComeWhenNobodyExpectsThem) {
  FakeMachine machine = test::conversation();
  machine.options += " --threads 2";
  machine.typed.assign(8, "");  // stories
  machine.processors = 2;
  machine.late_milliseconds = 700;  // during the third story
  // Firmware says that they are back before they have come, and then does not start them again.
  const Outcome run = test::start(machine, Fault{Service::check_event, 1, false, Fault::Kind::lie});
  EXPECT_EQ(run.status, Status::success);
  EXPECT_EQ(run.complaints, "");
  EXPECT_TRUE(says(run, "note: firmware does not start the other processors: EFI_NOT_READY\n")) << run.screen;
}

TEST(Processors, DoesWithoutProcessorsThatDoNotKnowWhoTheyAre) {
  FakeMachine machine = test::one_story();
  machine.processors = 2;
  machine.number_shift = 1000;
  const Outcome run = test::start(machine);
  expect_the_story(run);
  EXPECT_TRUE(says(run, "note: 1 of 1 other processors did not come\n")) << run.screen;
}

}  // namespace
