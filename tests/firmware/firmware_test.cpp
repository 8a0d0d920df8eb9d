// The program on machines of many kinds: each lacks something, or has it in an unusual form, and
// none of them fails while it runs (faults_test.cpp has those).
#include <gtest/gtest.h>

#include <sstream>

#include <sstream>

#include "tests/firmware/scenarios.hpp"
#include "tests/host/made_checkpoint.hpp"

namespace {

using test::FakeMachine;
using test::Fault;
using test::Outcome;
using test::Service;
using uefi::Status;

bool says(const Outcome& run, const std::string& words) { return run.screen.find(words) != std::string::npos; }

/// The story is told as on any other machine, and all is given back.
void expect_the_story(const Outcome& run) {
  static const std::string kEssence = essence(test::start(test::one_story()));
  EXPECT_EQ(run.status, Status::success);
  EXPECT_EQ(run.complaints, "");
  EXPECT_EQ(essence(run), kEssence);
}

/// The program ends with this sentence, and gives everything back.
void expect_the_end(const Outcome& run, Status status, const std::string& sentence) {
  EXPECT_EQ(run.status, status) << uint64_t(run.status);
  EXPECT_TRUE(says(run, "error: " + sentence)) << run.screen;
  EXPECT_EQ(run.complaints, "");
}

TEST(FakeFirmware, TellsTheStory) {
  const Outcome run = test::start(test::one_story());
  expect_the_story(run);
  EXPECT_TRUE(says(run, "\n292 279 75 2 125 195 103 201 128 241 252 126\n")) << run.screen;
}

TEST(FakeFirmware, HoldsAWholeConversation) {
  const Outcome run = test::start(test::conversation());
  EXPECT_EQ(run.status, Status::success);
  EXPECT_EQ(run.complaints, "");
  for (const char* words : {"> abc\n", "int8, dim 32, 2 layers, context 24", "llama2.c v1", "seed      3\n",
                            "error: there is no command 'nonsense' (/help lists them)", "> /quit\n"})
    EXPECT_TRUE(says(run, words)) << words << run.screen;
  EXPECT_EQ(run.files.at("\\story.txt").size(), 8u);  // nothing is left of the longer one before
}

TEST(FakeFirmware, DoesWithoutWhatMachinesLack) {
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

TEST(FakeFirmware, ColorsAStoryByConfidenceToItsEnd) {
  FakeMachine machine = test::conversation();
  machine.options += " --show confidence";
  machine.typed = {"/quit"};
  machine.serial_line = false;      // a status line is for screens
  machine.look_milliseconds = 200;  // and comes twice a second
  const Outcome run = test::start(machine);
  EXPECT_EQ(run.complaints, "");
  const size_t begin = run.screen.find("\n", run.screen.find("\nseed ") + 1), status = run.screen.find("Esc stops", begin),
               end = run.screen.find("\n\n8 tokens", status);
  ASSERT_NE(end, std::string::npos) << run.screen;
  const std::string kAllowed = {0x0b, 0x0a, 0x02, 0x0e, 0x06, 0x0c,  // the prompt, then by confidence
                                0x03};                               // the status line
  int told = 0;
  for (size_t i = begin; i < end; ++i) {
    if (run.screen[i] == ' ' || run.screen[i] == '\n') continue;
    EXPECT_NE(kAllowed.find(run.colors[i]), std::string::npos) << i << run.screen;
    told += i > status && run.colors[i] != 0x03;
  }
  EXPECT_GT(told, 0) << "nothing came after the status line";
}

TEST(FakeFirmware, DrawsPlotsThatEveryConsoleShows) {
  FakeMachine machine = test::conversation();
  machine.options += " --show confidence --steps 24";
  machine.typed = {"/stats", "/quit"};
  const Outcome run = test::start(machine);
  const size_t begin = run.screen.find("> /stats\n"), end = run.screen.find("> /quit\n");
  ASSERT_LT(begin, end) << run.screen;
  const std::string plots = run.screen.substr(begin, end - begin);
  EXPECT_NE(plots.find("tokens/s\n"), std::string::npos) << plots;
  EXPECT_NE(plots.find("surprise, bits per token\n"), std::string::npos) << plots;
  EXPECT_NE(plots.find("    0.0 |#"), std::string::npos) << plots;
  for (const char c : plots) EXPECT_TRUE(c == '\n' || (c >= 0x20 && c < 0x7f)) << int(c) << plots;
}

TEST(FakeFirmware, WrapsTextAtNinetyColumns) {
  test::MadeCheckpoint made;
  made.config = {.dim = 32, .hidden_dim = 48, .n_layers = 1, .n_heads = 2, .n_kv_heads = 1, .vocab_size = 300, .seq_len = 512};
  FakeMachine machine = test::conversation();  // its screen can show 100 columns
  machine.files["\\models\\default.bin"] = made.bytes();
  std::string prompt;
  while (prompt.size() < 200) prompt += "xyz ";
  machine.options += " --steps 300";
  machine.typed = {prompt, "/quit"};
  const Outcome run = test::start(machine);
  std::istringstream rows(run.shown);
  size_t told = 0;
  for (std::string row; std::getline(rows, row);)
    if (row.starts_with("xyz ")) told = std::max(told, row.size());
  EXPECT_GT(told, 80u) << run.shown;
  EXPECT_LE(told, 90u) << run.shown;
}

TEST(FakeFirmware, SaysErrorsInRed) {
  FakeMachine machine = test::conversation();
  machine.typed = {"/nonsense", "/model none", "/quit"};
  const Outcome run = test::start(machine);
  for (const Outcome& outcome : {run, test::start(machine, Fault{Service::open_volume, 1, true})}) {
    int errors = 0;
    for (size_t at = 0; (at = outcome.screen.find("error: ", at)) != std::string::npos; ++at, ++errors)
      for (size_t i = at; outcome.screen[i] != '\n'; ++i) EXPECT_EQ(outcome.colors[i], 0x0c) << outcome.screen;
    EXPECT_GT(errors, 0);
  }
}

TEST(FakeFirmware, HasNobodyToTellItToWithoutAConsole) {
  FakeMachine machine = test::one_story();
  machine.console = false;
  const Outcome run = test::start(machine);
  EXPECT_EQ(run.status, Status::success);
  EXPECT_EQ(run.screen, "");
  EXPECT_EQ(run.complaints, "");
}

TEST(FakeFirmware, SaysThatItCannotStartOthers) {
  FakeMachine machine = test::one_story();
  machine.mp_services = false;
  const Outcome run = test::start(machine);
  expect_the_story(run);
  EXPECT_TRUE(says(run, "cores     1: this firmware cannot start others\n")) << run.screen;
}

TEST(FakeFirmware, StartsAllProcessors) {
  for (const uint32_t processors : {2, 3, 5}) {
    FakeMachine machine = test::one_story();
    machine.processors = processors;
    const Outcome run = test::start(machine);
    expect_the_story(run);
    EXPECT_TRUE(says(run, "cores     1: ")) << run.screen;
    EXPECT_TRUE(says(run, ", " + std::to_string(processors) + ": ")) << run.screen;
  }
}

TEST(FakeFirmware, WaitsForProcessorsThatAreLate) {
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

TEST(FakeFirmware, EndsOnlyWhenTheLastProcessorIsBack) {
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

TEST(FakeFirmware, SendsProcessorsHomeThatComeWhenNobodyExpectsThem) {
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

TEST(FakeFirmware, DoesWithoutProcessorsThatDoNotKnowWhoTheyAre) {
  FakeMachine machine = test::one_story();
  machine.processors = 2;
  machine.number_shift = 1000;
  const Outcome run = test::start(machine);
  expect_the_story(run);
  EXPECT_TRUE(says(run, "note: 1 of 1 other processors did not come\n")) << run.screen;
}

TEST(FakeFirmware, LooksForKeysWhereNothingTellsOfThem) {
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

TEST(FakeFirmware, TakesASeedWithoutARandomNumberGenerator) {
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

TEST(FakeFirmware, HasAModelInside) {
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

TEST(FakeFirmware, SaysWhenThereIsNoModel) {
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

TEST(FakeFirmware, ReadsNothingTwiceToBelieveIt) {
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

TEST(FakeFirmware, TakesTheOnlyModel) {
  FakeMachine machine = stick({"mine.bin"});
  machine.typed = {"/quit"};
  const Outcome run = test::start(machine);
  EXPECT_EQ(run.status, Status::success);
  EXPECT_TRUE(says(run, "model     \\models\\mine.bin: llama2.c v1, float32\n")) << run.screen;
  EXPECT_FALSE(says(run, "Which model?")) << run.screen;
  EXPECT_EQ(run.complaints, "");
}

TEST(FakeFirmware, AsksWhichOfSeveralModels) {
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

TEST(FakeFirmware, SaysThatASignatureDoesNotCoverFiles) {
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

TEST(FakeFirmware, RefusesADamagedModel) {
  FakeMachine machine = test::one_story_on_all_processors();
  machine.files["\\models\\default.bin"][5000] ^= 1;
  expect_the_end(test::start(machine), Status::load_error, "\\models\\default.bin: damaged: its SHA-256 is ");
  machine.files["\\models\\default.bin.sha256"] = test::to_bytes("what is this");
  expect_the_end(test::start(machine), Status::load_error, "\\models\\default.bin.sha256: not a SHA-256: ");
}

TEST(FakeFirmware, ComparesEveryDigitOfASum) {
  const FakeMachine right = test::one_story_on_all_processors();
  for (size_t digit = 0; digit < 64; ++digit) {
    FakeMachine machine = right;
    uint8_t& changed = machine.files["\\models\\default.bin.sha256"][digit];
    changed = changed == '0' ? '1' : '0';
    expect_the_end(test::start(machine), Status::load_error, "\\models\\default.bin: damaged: its SHA-256 is ");
  }
}

TEST(FakeFirmware, ReadsLongLinesOfItsSettings) {
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

TEST(FakeFirmware, SaysHowMuchMemoryThereIs) {
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

TEST(FakeFirmware, DoesNotBelieveInMoreMemoryMapThanItHasRoomFor) {
  FakeMachine machine = test::one_story();
  machine.all_memory = 64 * 1024;
  machine.map_boasts = true;
  expect_the_end(test::start(machine), Status::out_of_resources, "the ");
}

TEST(FakeFirmware, EndsWhereverMemoryDoes) {
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

TEST(FakeFirmware, SavesOnlyWhereItCan) {
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

TEST(FakeFirmware, ListsWhatCanBeRead) {
  FakeMachine machine = test::conversation();
  machine.broken_volumes = 1;
  machine.files["\\models\\letter.bin"] = test::to_bytes("Dear Sir or Madam");
  const Outcome run = test::start(machine);
  EXPECT_TRUE(says(run, "\\models\\default.bin ")) << run.screen;
  EXPECT_TRUE(says(run, "note: a volume cannot be opened: EFI_VOLUME_CORRUPTED\n")) << run.screen;
  EXPECT_TRUE(says(run, "no model that can be run\n")) << run.screen;
  EXPECT_EQ(run.complaints, "");
}

TEST(FakeFirmware, SwitchesOffOnlyWhereTheMachineCan) {
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

TEST(FakeFirmware, WaitsUntilAnErrorWasRead) {
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

TEST(FakeFirmware, EndsWheneverSomebodyPressesEsc) {
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

TEST(FakeFirmware, TellsTheSeedThatWasSet) {
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

TEST(FakeFirmware, SetsEveryOptionOrSaysWhyNot) {
  FakeMachine machine = test::conversation();
  machine.files["\\other.tok"] = machine.files["\\models\\tokenizer.bin"];
  machine.files["\\prompt.txt"] = test::to_bytes(" cab \n");
  machine.typed = {"/set prompt_file = \\prompt.txt", "/set prompt", "/set tokenizer \\other.tok", "/set on_finish exit",
                   "/set help on", "/set precision=f32", "/set kernel nothing", "/set steps = 2", "/set stepps 3",
                   "/set ids \"on\"", "/set prompt_file \\none.txt", "", "/set", "/quit"};
  const Outcome run = test::start(machine);
  EXPECT_EQ(run.status, Status::success);
  EXPECT_EQ(run.complaints, "");
  for (const char* words :
       {"  prompt       cab           ", "error: on_finish can only be given at the start, in llama.cfg or on a command line\n",
        "error: help can only be given at the start", "error: there is no kernel 'nothing'\n",
        "error: there is no option 'stepps'; did you mean 'steps'?\n", "error: \\none.txt: there is no such file on the volume\n",
        "  tokenizer    \\other.tok   ", "  precision    f32           usual   weights in memory", "  steps        2             256  ",
        "  ids          on            off ", "  kernel                             a kernel set"})
    EXPECT_TRUE(says(run, words)) << words << run.screen;
}

TEST(FakeFirmware, ReadsTheConfigurationAsUtf16) {
  FakeMachine machine = test::one_story();
  std::string bytes = "\xff\xfe";
  for (const char c : std::string("prompt = \"ab\"\r\ntemperature = 0.8 # warm\nseed = 7\nsteps = 12\non_finish = exit"))
    (bytes += c) += '\0';
  machine.files["\\EFI\\BOOT\\llama.cfg"] = test::to_bytes(bytes);
  machine.options = "--ids";
  expect_the_story(test::start(machine));
}

TEST(FakeFirmware, DoesNotMindSlipsInTheConfiguration) {
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

TEST(FakeFirmware, LetsScriptsGoOnWhereverTheirOptionStands) {
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

/// What is told after the `n`-th time that this line was typed, up to the figures.
std::string told_after(const Outcome& run, const std::string& line, int n = 1) {
  size_t at = 0;
  for (int i = 0; i < n; ++i) at = run.screen.find("> " + line + "\n", at) + line.size() + 3;
  const std::string rest = run.screen.substr(at, run.screen.find(" tokens, ", at) - at);
  return rest.substr(0, rest.rfind("\n\n"));
}

TEST(FakeFirmware, GoesOnWithTheLastStory) {
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

TEST(FakeFirmware, SaysWhenThereIsNothingToGoOnWith) {
  FakeMachine machine = test::conversation();
  machine.typed = {"/model other", "/continue", "/set steps 1", "abc", "/continue", "/set steps 8", "", "/bench", "/continue", "/quit"};
  const Outcome run = test::start(machine);
  EXPECT_TRUE(says(run, "> /continue\nerror: there is no story of this model to go on with: press Enter for one\n")) << run.screen;
  EXPECT_TRUE(says(run, "note: the prompt alone has 3 tokens, and steps is 1: the story ends within it\n")) << run.screen;
  EXPECT_TRUE(says(run, "error: the story ended within its prompt: /again tells it anew\n")) << run.screen;
  EXPECT_TRUE(says(run, " tokens/s: \\models\\other.bin, float32, ")) << run.screen;
  EXPECT_EQ(run.complaints, "");
}

TEST(FakeFirmware, SavesUnderANameOfItsOwnAndReplacesOnlyWhenTold) {
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

TEST(FakeFirmware, TellsAStoryAgain) {
  FakeMachine machine = test::conversation();
  machine.typed = {"", "/again", "/again 7", "/again x", "", "/quit"};
  const Outcome run = test::start(machine);
  EXPECT_EQ(told_after(run, "/again"), told_after(run, "", 1));
  EXPECT_TRUE(told_after(run, "/again 7").starts_with("seed      7\n")) << run.screen;
  EXPECT_NE(told_after(run, "/again 7"), told_after(run, "/again"));
  EXPECT_TRUE(says(run, "error: a seed is a whole number, not 'x'\n")) << run.screen;
  EXPECT_TRUE(told_after(run, "", 2).starts_with("seed      9\n")) << "the next story's seed is what it was" << run.screen;
}

TEST(FakeFirmware, ExplainsOptionsAndCommands) {
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

TEST(FakeFirmware, SaysWhichProgramItIs) {
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

TEST(FakeFirmware, KnowsWhatIsNoCommandLine) {
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

TEST(FakeFirmware, SwitchesTheWatchdogOff) {
  EXPECT_EQ(test::start(test::one_story()).watchdog_seconds, 0u);
  // Where firmware refuses, the story is told all the same.
  expect_the_story(test::start(test::one_story(), Fault{Service::set_watchdog_timer, 1, true}));
}

}  // namespace
