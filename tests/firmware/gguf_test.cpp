// GGUF files on the volumes: a model in several, and sums of each.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "tests/firmware/expectations.hpp"
#include "tests/host/made_gguf.hpp"

namespace {

using test::FakeMachine;
using test::Outcome;
using test::says;

std::string part(int number) { return "\\models\\big-0000" + std::to_string(number) + "-of-00003.gguf"; }

/// A machine with a model in three files.
FakeMachine with_parts(std::vector<std::string> typed) {
  FakeMachine machine = test::conversation();
  const std::vector<test::Bytes> files = test::made_gguf(3);
  for (int number = 1; number <= 3; ++number) machine.files[part(number)] = files[size_t(number - 1)];
  machine.typed = std::move(typed);
  return machine;
}

void put_sum(FakeMachine& machine, const std::string& path, const std::string& sum) {
  machine.files[path + ".sha256"] = test::to_bytes(sum + "  it\n");
}

template <class T>
T number_at(const test::Bytes& file, size_t at) {
  T value;
  std::memcpy(&value, file.data() + at, sizeof value);
  return value;
}

template <class T>
void put_number(test::Bytes& file, size_t at, T value) {
  std::memcpy(file.data() + at, &value, sizeof value);
}

/// Where the value of a key stands.
size_t value_of(const test::Bytes& file, const std::string& key) {
  return size_t(std::search(file.begin(), file.end(), key.begin(), key.end()) - file.begin()) + key.size() + 4;
}

/// Where the numbers of a tensor begin.
size_t tensor_of(const test::Bytes& file, const std::string& wanted) {
  const std::string first = "token_embd.weight";
  size_t at = value_of(file, first) - 4 - first.size() - 8, found = 0;
  for (uint64_t n = number_at<uint64_t>(file, 8); n; --n) {
    const auto size = number_at<uint64_t>(file, at);
    const bool is_it = std::string(file.begin() + long(at + 8), file.begin() + long(at + 8 + size)) == wanted;
    at += 8 + size;
    at += 4 + 8 * number_at<uint32_t>(file, at) + 4;
    if (is_it) found = number_at<uint64_t>(file, at);
    at += 8;
  }
  return (at + 31) / 32 * 32 + found;
}

TEST(Gguf, BringsItsTokenizerAndSaysWhatItsWeightsAre) {
  FakeMachine machine = test::conversation();
  machine.files["\\models\\small.gguf"] = test::made_gguf()[0];
  machine.typed = {"/model small.gguf", "abc", "/quit"};
  const Outcome run = test::start(machine);
  EXPECT_TRUE(says(run, "model     \\models\\small.gguf: GGUF v3, Q8_0 + F32 + Q4_0\n")) << run.screen;
  EXPECT_FALSE(says(run, "error: ")) << run.screen;
  EXPECT_EQ(run.status, uefi::Status::success);
  EXPECT_EQ(run.complaints, "");
}

TEST(Gguf, AModelInSeveralFilesIsNamedByTheFirstAndListedOnce) {
  const Outcome run = test::start(with_parts({"/model", "/model big-00001-of-00003.gguf", "/seed 5", "", "/quit"}));
  EXPECT_TRUE(says(run, "big-00001-of-00003.gguf")) << run.screen;
  EXPECT_TRUE(says(run, "Q8_0 + F32 + Q4_0, dim 64, 1 layers, context 24, 0.1 M parameters\n")) << run.screen;
  EXPECT_FALSE(says(run, "big-00002")) << run.screen;
  EXPECT_FALSE(says(run, "error: ")) << run.screen;
  EXPECT_EQ(run.status, uefi::Status::success);
  EXPECT_EQ(run.complaints, "");

  FakeMachine whole = test::conversation();
  whole.files["\\models\\big.gguf"] = test::made_gguf()[0];
  whole.typed = {"/model big.gguf", "/seed 5", "", "/quit"};
  const auto story = [](const Outcome& of) {
    const std::string from = of.screen.substr(of.screen.rfind("> \n") + 3);
    return from.substr(0, from.find("tokens/s"));
  };
  EXPECT_EQ(story(run).substr(0, 40), story(test::start(whole)).substr(0, 40)) << run.screen;

  FakeMachine odd = with_parts({"/model big-00001-of-00003.gguf", "/seed 5", "", "/quit"});
  odd.files[part(3)] = test::made_gguf(3, 256)[2];
  EXPECT_NE(odd.files[part(3)], test::made_gguf(3)[2]);
  EXPECT_EQ(story(test::start(odd)).substr(0, 40), story(run).substr(0, 40)) << "each file has an alignment of its own";
}

TEST(Gguf, FilesThatDoNotBelongTogetherAreRefused) {
  const auto error = [](int number, const char* key, auto value) {
    FakeMachine machine = with_parts({"/model big-00001-of-00003.gguf", "", "/quit"});
    put_number(machine.files[part(number)], value_of(machine.files[part(number)], key), value);
    const Outcome run = test::start(machine);
    EXPECT_EQ(run.complaints, "");
    const size_t at = run.screen.find("error: ");
    return at == std::string::npos ? run.screen : run.screen.substr(at, run.screen.find('\n', at) - at);
  };
  const std::string other = ": split.no does not say that this is the file of the model that its name says";
  EXPECT_EQ(error(2, "split.count", uint16_t{4}), "error: " + part(2) + other);
  EXPECT_EQ(error(3, "split.no", uint16_t{1}), "error: " + part(3) + other);
  for (const int count : {10, 12})
    EXPECT_EQ(error(1, "split.tensors.count", count),
              "error: " + part(1) + ": split.tensors.count is " + std::to_string(count) +
                  ", but all files together have 11 tensors");
}

TEST(Gguf, NumbersThatAreNoneAreRefusedInEveryKindOfTensor) {
  for (const float wrong : {std::nanf(""), INFINITY})
    for (const char* tensor : {"output_norm.weight", "blk.0.attn_norm.weight", "blk.0.attn_output.weight"}) {
      FakeMachine machine = test::conversation();
      test::Bytes& file = machine.files["\\models\\small.gguf"] = test::made_gguf()[0];
      const size_t at = tensor_of(file, tensor);
      EXPECT_LT(std::abs(number_at<float>(file, at)), 1.2f);
      put_number(file, at, wrong);
      machine.typed = {"/model small.gguf", "/quit"};
      const Outcome run = test::start(machine);
      EXPECT_TRUE(says(run, std::string("error: \\models\\small.gguf: ") + tensor +
                                " holds an infinite number or a NaN (row 0); get the file again")) << run.screen;
      EXPECT_EQ(run.complaints, "");
    }
}

TEST(Gguf, AFileThatIsMissingIsNamedBeforeAnythingIsLoaded) {
  for (const int number : {2, 3}) {
    FakeMachine machine = with_parts({"/model big-00001-of-00003.gguf", "", "/quit"});
    machine.files.erase(part(number));
    const Outcome run = test::start(machine);
    EXPECT_TRUE(says(run, "error: " + part(number) + ": there is no such file")) << run.screen;
    EXPECT_EQ(run.screen.find("loaded "), run.screen.rfind("loaded ")) << run.screen;
    EXPECT_EQ(run.status, uefi::Status::success);
    EXPECT_EQ(run.complaints, "");
  }
}

TEST(Gguf, EachOfSeveralFilesIsWhatItsSumSays) {
  FakeMachine machine = with_parts({"/model big-00001-of-00003.gguf", "", "/quit"});
  for (int number = 1; number <= 3; ++number) put_sum(machine, part(number), test::sha256(machine.files[part(number)]));
  const Outcome good = test::start(machine);
  for (int number = 1; number <= 3; ++number)
    EXPECT_TRUE(says(good, "sha256    " + test::sha256(machine.files[part(number)]) + ", as expected\n")) << good.screen;
  EXPECT_FALSE(says(good, "error: ")) << good.screen;
  for (int number = 1; number <= 3; ++number) {
    FakeMachine wrong = machine;
    put_sum(wrong, part(number), std::string(64, '0'));
    const Outcome run = test::start(wrong);
    EXPECT_TRUE(says(run, "error: " + part(number) + ": damaged: its SHA-256 is ")) << run.screen;
    EXPECT_EQ(run.complaints, "");
  }
}

TEST(Gguf, TheSumIsThatOfTheWholeFileWithWhatFillsItUp) {
  FakeMachine machine = test::conversation();
  test::Bytes& file = machine.files["\\models\\small.gguf"] = test::made_gguf()[0];
  file.resize(file.size() + (2 << 20));  // nothing forbids more at the end, and that is more than one piece of it
  put_sum(machine, "\\models\\small.gguf", test::sha256(file));
  machine.typed = {"/model small.gguf", "/quit"};
  const Outcome run = test::start(machine);
  EXPECT_TRUE(says(run, "sha256    " + test::sha256(machine.files["\\models\\small.gguf"]) + ", as expected\n")) << run.screen;
  EXPECT_FALSE(says(run, "error: ")) << run.screen;
}

}  // namespace
