// How it looks: colours, plots and the width of text.
#include <gtest/gtest.h>

#include <sstream>

#include "tests/firmware/expectations.hpp"
#include "tests/host/made_checkpoint.hpp"

namespace {

using test::FakeMachine;
using test::Fault;
using test::Outcome;
using test::Service;

TEST(Screen, ColorsAStoryByConfidenceToItsEnd) {
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

TEST(Screen, DrawsPlotsThatEveryConsoleShows) {
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

TEST(Screen, WrapsTextAtNinetyColumns) {
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

TEST(Screen, SaysErrorsInRed) {
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

}  // namespace
