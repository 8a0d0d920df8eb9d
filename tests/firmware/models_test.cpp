// Which model is taken, where from, and whether it is believed.
#include <gtest/gtest.h>

#include "tests/firmware/expectations.hpp"

namespace {

using test::expect_the_end;
using test::expect_the_story;
using test::FakeMachine;
using test::Outcome;
using test::says;
using uefi::Status;

TEST(Models, HasAModelInside) {
  FakeMachine machine = test::one_story();
  machine.built_in_model = machine.files["\\models\\default.bin"];
  machine.built_in_tokenizer = machine.files["\\models\\tokenizer.bin"];
  machine.files.clear();
  machine.from_disk = false;  // over the network, say
  const Outcome run = test::start(machine);
  EXPECT_EQ(run.status, Status::success);
  EXPECT_EQ(run.complaints, "");
  EXPECT_TRUE(says(run, "model     the built-in model: ")) << run.screen;
  EXPECT_TRUE(says(run, "\n292 279 75 2 125 195 103 201 128 241 252 126\n")) << run.screen;
}

TEST(Models, SaysWhenThereIsNoModel) {
  FakeMachine machine = test::one_story();
  machine.files.erase("\\models\\default.bin");
  expect_the_end(test::start(machine), Status::not_found,
                 "\\models\\default.bin: there is no such file on the volume\n");
  machine.broken_volumes = 2;
  expect_the_end(test::start(machine), Status::volume_corrupted,
                 "\\models\\default.bin: not found, and a volume cannot be opened: EFI_VOLUME_CORRUPTED\n");
  machine.broken_volumes = 0;
  machine.from_disk = false;
  expect_the_end(test::start(machine), Status::not_found,
                 "\\models\\default.bin: there is no such file on the volume\n");
  machine.volumes = false;
  expect_the_end(test::start(machine), Status::not_found,
                 "no disk or stick can be read here, so there is no model: start llama-standalone.efi, which has one\n");
}

TEST(Models, ReadsNothingTwiceToBelieveIt) {
  FakeMachine machine = test::one_story();
  machine.changing_volume = true;
  expect_the_story(test::start(machine));
  machine = test::one_story_on_all_processors();
  machine.changing_volume = true;
  EXPECT_EQ(test::start(machine).status, Status::success);
}

/// A stick with nothing but the program and these models.
FakeMachine stick(std::initializer_list<const char*> models) {
  FakeMachine machine = test::one_story(), all = test::conversation();
  machine.files.clear();
  machine.options.clear();
  machine.files["\\models\\tokenizer.bin"] = all.files["\\models\\tokenizer.bin"];
  for (const char* name : models)
    machine.files[std::string("\\models\\") + name] = all.files["\\models\\other.bin"];
  return machine;
}

TEST(Models, TakesTheOnlyModel) {
  FakeMachine machine = stick({"mine.bin"});
  machine.typed = {"/quit"};
  const Outcome run = test::start(machine);
  EXPECT_EQ(run.status, Status::success);
  EXPECT_TRUE(says(run, "model     \\models\\mine.bin: llama2.c v1, float32\n")) << run.screen;
  EXPECT_FALSE(says(run, "Which model?")) << run.screen;
  EXPECT_EQ(run.complaints, "");
}

TEST(Models, AsksWhichOfSeveralModels) {
  FakeMachine machine = stick({"a.bin", "b.bin", "c.bin"});
  machine.typed = {"x0429/quit"};  // no key of a model but the 2
  const Outcome run = test::start(machine);
  EXPECT_EQ(run.status, Status::success);
  EXPECT_TRUE(says(run, "\n1  \\models\\a.bin ")) << run.screen;
  EXPECT_TRUE(says(run, "\n3  \\models\\c.bin ")) << run.screen;
  EXPECT_TRUE(says(run, "Which model? Press its key, 1 to 3; Esc: none. 2\nmodel     \\models\\b.bin: ")) << run.screen;
  EXPECT_EQ(run.complaints, "");

  machine.typed.clear();
  machine.keys = {{uefi::ScanCode::escape, 0}};
  expect_the_end(test::start(machine), Status::aborted, "no model was picked\n");
  machine.options = "--on_finish exit";  // nobody to ask
  expect_the_end(test::start(machine), Status::invalid_parameter,
                 "there are 3 models in \\models: name one, as in model = \\models\\a.bin\n");
  machine.options.clear();
  machine.keyboard = false;
  expect_the_end(test::start(machine), Status::invalid_parameter, "there are 3 models in \\models: name one, ");
}

TEST(Models, ListsWhatCanBeRead) {
  FakeMachine machine = test::conversation();
  machine.broken_volumes = 1;
  machine.files["\\models\\letter.bin"] = test::to_bytes("Dear Sir or Madam");
  const Outcome run = test::start(machine);
  EXPECT_TRUE(says(run, "\\models\\default.bin ")) << run.screen;
  EXPECT_TRUE(says(run, "note: a volume cannot be opened: EFI_VOLUME_CORRUPTED\n")) << run.screen;
  EXPECT_TRUE(says(run, "no model that can be run\n")) << run.screen;
  EXPECT_EQ(run.complaints, "");
}

TEST(Models, SaysThatASignatureDoesNotCoverFiles) {
  constexpr const char* kNote = "note: a signature of this program does not cover this model, which is a file\n";
  FakeMachine machine = test::one_story();
  EXPECT_FALSE(says(test::start(machine), kNote));
  machine.built_in_model = machine.files["\\models\\default.bin"];
  machine.built_in_tokenizer = machine.files["\\models\\tokenizer.bin"];
  EXPECT_FALSE(says(test::start(machine), kNote));
  machine.options += " -m \\models\\default.bin";
  const Outcome run = test::start(machine);
  EXPECT_TRUE(says(run, kNote)) << run.screen;
  EXPECT_EQ(run.complaints, "");
}

TEST(Models, RefusesADamagedModel) {
  FakeMachine machine = test::one_story_on_all_processors();
  machine.files["\\models\\default.bin"][5000] ^= 1;
  expect_the_end(test::start(machine), Status::load_error, "\\models\\default.bin: damaged: its SHA-256 is ");
  machine.files["\\models\\default.bin.sha256"] = test::to_bytes("what is this");
  expect_the_end(test::start(machine), Status::load_error, "\\models\\default.bin.sha256: not a SHA-256: ");
}

TEST(Models, ComparesEveryDigitOfASum) {
  const FakeMachine right = test::one_story_on_all_processors();
  for (size_t digit = 0; digit < 64; ++digit) {
    FakeMachine machine = right;
    uint8_t& changed = machine.files["\\models\\default.bin.sha256"][digit];
    changed = changed == '0' ? '1' : '0';
    expect_the_end(test::start(machine), Status::load_error, "\\models\\default.bin: damaged: its SHA-256 is ");
  }
}

}  // namespace
