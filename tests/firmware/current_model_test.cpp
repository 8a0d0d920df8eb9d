// A wrong command costs nothing that works: another model takes the place of the old one only when it works.
#include <gtest/gtest.h>

#include "tests/firmware/expectations.hpp"
#include "tests/host/made_checkpoint.hpp"

namespace {

using test::FakeMachine;
using test::Outcome;
using test::says;

int times(const Outcome& run, const std::string& words) {
  int n = 0;
  for (size_t at = 0; (at = run.screen.find(words, at)) != std::string::npos; at += words.size()) ++n;
  return n;
}

/// What is shown after `words`.
std::string after(const Outcome& run, const std::string& words) {
  const size_t at = run.screen.find(words);
  return at == std::string::npos ? "" : run.screen.substr(at + words.size());
}

FakeMachine session(std::vector<std::string> typed) {
  FakeMachine machine = test::conversation();
  machine.typed = std::move(typed);
  return machine;
}

/// Wrong in every way that a model can be.
FakeMachine with_wrong_models(std::vector<std::string> typed) {
  FakeMachine machine = session(std::move(typed));
  machine.files["\\models\\cut.bin"] = machine.files["\\models\\other.bin"];
  machine.files["\\models\\cut.bin"].resize(2000);
  machine.files["\\models\\summed.bin"] = machine.files["\\models\\other.bin"];
  machine.files["\\models\\summed.bin.sha256"] = test::to_bytes(std::string(64, '0') + "  summed.bin\n");
  machine.files["\\models\\wordless.bin"] = machine.files["\\models\\other.bin"];
  machine.files["\\models\\wordless-tokenizer.bin"] = test::to_bytes("no tokenizer at all");
  return machine;
}

TEST(CurrentModel, StaysWhereAnotherDoesNotWork) {
  const Outcome good = test::start(session({"/seed 5", "", "/quit"}));
  const std::string story = after(good, "seed      5");
  for (const char* wrong : {"/model nope", "/model cut", "/model summed", "/model wordless", "/set kernel foo",
                            "/set tokenizer \\story.txt"}) {
    const Outcome run = test::start(with_wrong_models({wrong, "/seed 5", "", "/quit"}));
    EXPECT_EQ(run.status, uefi::Status::success) << wrong;
    EXPECT_EQ(times(run, "error: "), 1) << wrong << run.screen;
    EXPECT_FALSE(says(run, "note: ")) << wrong << run.screen;
    EXPECT_EQ(times(run, "loaded "), std::string(wrong) == "/model summed" ? 2 : 1) << run.screen;
    EXPECT_EQ(times(run, "seed      "), 2) << "a story that nobody asked for: " << run.screen;
    EXPECT_EQ(after(run, "seed      5").substr(0, 20), story.substr(0, 20)) << wrong << run.screen;
    EXPECT_EQ(run.complaints, "");
  }
}

TEST(CurrentModel, IsReplacedByOneThatWorksAndTellsNoStoryUnasked) {
  const Outcome run = test::start(session({"/model other", "/model", "/quit"}));
  EXPECT_EQ(times(run, "loaded "), 2) << run.screen;
  EXPECT_EQ(times(run, "seed      "), 1) << run.screen;
  EXPECT_FALSE(says(run, "note: ")) << run.screen;
  EXPECT_EQ(run.complaints, "");
}

TEST(CurrentModel, MakesRoomWhereMemoryIsTooSmallForTwo) {
  int made_room = 0, brought_back = 0;
  // From what one model needs to what two need.
  for (uint64_t bytes = 600 << 10; bytes < 3 << 20; bytes += 64 << 10) {
    FakeMachine machine = with_wrong_models({"/model other", "/seed 5", "", "/model cut", "", "/model wordless", "", "/quit"});
    machine.all_memory = bytes;
    const Outcome run = test::start(machine);
    EXPECT_EQ(run.complaints, "");
    if (!says(run, "Enter: another story")) continue;  // not enough for the first
    EXPECT_EQ(run.status, uefi::Status::success) << bytes << run.screen;
    EXPECT_EQ(times(run, "error: "), 2) << bytes << run.screen;
    EXPECT_EQ(times(run, "tokens/s, first"), 4) << "it does not go on: " << bytes << run.screen;
    made_room += says(run, "note: memory is too small for two models: the old one makes room\n");
    brought_back += says(run, "note: the model from before is loaded again\n");
  }
  EXPECT_GT(made_room, 0);
  EXPECT_GT(brought_back, 0);
}

TEST(CurrentModel, HasTheContextThatItWouldHaveAlone) {
  test::MadeCheckpoint made;
  made.config = {.dim = 32, .hidden_dim = 48, .n_layers = 2, .n_heads = 2, .n_kv_heads = 1,
                 .vocab_size = 300, .seq_len = 4096};
  int made_room = 0;
  for (uint64_t bytes = 3 << 20; bytes < 6 << 20; bytes += 128 << 10) {
    FakeMachine machine = session({"/quit"});
    machine.all_memory = bytes;
    machine.files["\\models\\long.bin"] = made.bytes();
    FakeMachine alone = machine;
    alone.options += " -m \\models\\long.bin";
    machine.typed = {"/model long", "/quit"};
    const Outcome run = test::start(machine);
    if (!says(run, "Enter: another story") || says(run, "error: ")) continue;
    EXPECT_EQ(says(run, "note: memory is short"), says(test::start(alone), "note: memory is short")) << run.screen;
    made_room += says(run, "makes room\n") && !says(run, "note: memory is short");
  }
  EXPECT_GT(made_room, 0);
}

TEST(CurrentModel, SurvivesAStickThatIsPulledWhileAnotherLoads) {
  const test::FakeMachine machine = session({"/model other", "", "/quit"});
  const uint64_t reads = test::start(session({"/quit"})).calls[int(test::Service::read)];
  const uint64_t all = test::start(machine).calls[int(test::Service::read)];
  ASSERT_GT(all, reads);
  for (uint64_t call = reads + 1; call <= all; ++call) {
    const Outcome run = test::start(machine, test::Fault{test::Service::read, call, true, test::Fault::Kind::refusal,
                                                         uefi::Status::device_error});
    EXPECT_EQ(run.status, uefi::Status::success);
    EXPECT_EQ(times(run, "error: "), 1) << run.screen;
    EXPECT_EQ(times(run, "tokens/s, first"), 2) << run.screen;
    EXPECT_EQ(run.complaints, "");
  }
}

TEST(CurrentModel, WhereNoneIsLeftOneCanBeNamed) {
  FakeMachine machine = session({"/model other", "", "/model other", "", "/quit"});
  // Memory for one, and a medium that is gone for a while: neither the new one nor the old one can be read.
  for (uint64_t bytes = 600 << 10; bytes < 3 << 20; bytes += 64 << 10) {
    machine.all_memory = bytes;
    if (!says(test::start(machine), "makes room")) continue;
    const uint64_t reads = test::start(session({"/quit"})).calls[int(test::Service::read)];
    const Outcome run = test::start(machine, test::Fault{test::Service::read, reads + 1, true,
                                                         test::Fault::Kind::refusal, uefi::Status::device_error});
    EXPECT_EQ(run.status, uefi::Status::success);
    if (says(run, "there is no model in memory: /model NAME loads one")) return;
  }
  FAIL() << "a model was always left";
}

}  // namespace
