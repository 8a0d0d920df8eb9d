#include "boot/options.hpp"

#include <gtest/gtest.h>

#include <string>

#include "boot/platform/program.hpp"

namespace {

using boot::Options;

std::string text(rt::Text t) { return {t.data, t.size}; }

/// Reads a command line; the error's sentence, or nothing.
struct CommandLine {
  explicit CommandLine(const std::string& given) : line(given) {
    rt::Text foreign;
    const auto done = boot::read_command_line(options, {line.data(), line.size()}, foreign,
                                              {buffer, sizeof buffer});
    passed_over = text(foreign);
    if (!done) error = done.error().text;
  }
  std::string line, passed_over, error;
  Options options;
  char buffer[40];
};

std::string config_error(const std::string& lines) {
  Options options;
  const auto done = boot::read_config(options, "\\llama.cfg", {lines.data(), lines.size()});
  return done ? "" : done.error().text;
}

TEST(Options, FlagsOfLlama2cWork) {
  CommandLine c(R"(FS0:\llama.efi m.bin -z "my tok.bin" -t 0.5 -p 0.25 -s 42 -n 7 -i "Once upon")");
  EXPECT_EQ(c.error, "");
  EXPECT_EQ(text(c.options.model), "m.bin");
  EXPECT_EQ(text(c.options.tokenizer), "my tok.bin");
  EXPECT_EQ(c.options.temperature, 0.5f);
  EXPECT_EQ(c.options.topp, 0.25f);
  EXPECT_EQ(c.options.seed, 42u);
  EXPECT_EQ(c.options.steps, 7u);
  EXPECT_EQ(text(c.options.prompt), "Once upon");
}

TEST(Options, StoriesAreSampledAsTheSamplerDoesByDefault) {
  const boot::Options options;
  EXPECT_EQ(options.sampling().temperature, model::Sampling{}.temperature);
  EXPECT_EQ(options.sampling().topp, model::Sampling{}.topp);
}

TEST(Options, NamesWithTwoDashesWorkAndSwitchesMayStandAlone) {
  CommandLine c("--precision f32 --ids --color off --on_finish poweroff --threads 3");
  EXPECT_EQ(c.error, "");
  EXPECT_EQ(c.options.precision, model::DType::f32);
  EXPECT_TRUE(c.options.ids);
  EXPECT_FALSE(c.options.color);
  EXPECT_EQ(c.options.on_finish, boot::OnFinish::poweroff);
  EXPECT_EQ(c.options.threads, 3u);
}

TEST(Options, WordsOfOtherSystemsArePassedOver) {
  CommandLine c("root=/dev/sdb3 init=/sbin/init rootwait ro -t 0");
  EXPECT_EQ(c.error, "");
  EXPECT_EQ(c.passed_over, "root=/dev/sdb3 init=/sbin/init rootwait");  // as far as there is room
  EXPECT_EQ(c.options.temperature, 0);
}

TEST(Options, AnUnknownFlagIsNamedWithItsPlace) {
  EXPECT_EQ(CommandLine("-t 1 -q 3").error,
            "command line, word 3: there is no option '-q' (--help lists them)");
  EXPECT_EQ(CommandLine("--steps").error, "command line, word 1: '--steps' wants a value");
}

TEST(Options, ABadValueIsNamedWithWhatIsAllowed) {
  EXPECT_EQ(CommandLine("-t hot").error,
            "command line, word 1: temperature wants a number from 0 to 10, not 'hot'");
  EXPECT_EQ(CommandLine("-t 11").error,
            "command line, word 1: temperature wants a number from 0 to 10, not '11'");
  EXPECT_EQ(CommandLine("-p nan").error, "command line, word 1: topp wants a number from 0 to 1, not 'nan'");
  EXPECT_EQ(CommandLine("-n 1048577").error,
            "command line, word 1: steps wants a whole number up to 1,048,576, not '1048577'");
}

TEST(Options, LinesOfTheConfigurationMayBeEmptyOrComments) {
  Options options;
  const std::string lines = "\xef\xbb\xbf# a comment\r\n\r\n  temperature =\t0.25 \nprompt = a = b\nsteps=9";
  ASSERT_TRUE(boot::read_config(options, "llama.cfg", {lines.data(), lines.size()}));
  EXPECT_EQ(options.temperature, 0.25f);
  EXPECT_EQ(text(options.prompt), "a = b");
  EXPECT_EQ(options.steps, 9u);
}

TEST(Options, AFaultInTheConfigurationIsNamedWithItsLine) {
  EXPECT_EQ(config_error("\n\nseed = x\n"), "\\llama.cfg line 3: seed wants a whole number, not 'x'");
  EXPECT_EQ(config_error("hello\n"), "\\llama.cfg line 1: expected 'name = value', found 'hello'");
  EXPECT_EQ(config_error("colour = on"),
            "\\llama.cfg line 1: there is no option 'colour' (--help lists them)");
  EXPECT_EQ(config_error("on_finish = dance"),
            "\\llama.cfg line 1: on_finish wants prompt, exit, poweroff or reboot, not 'dance'");
}

std::string decoded(const std::u16string& units, bool& unreadable) {
  char buffer[200];
  const auto line = platform::decode_load_options(
      {reinterpret_cast<const uint8_t*>(units.data()), units.size() * 2}, {buffer, sizeof buffer},
      unreadable);
  return {line.data, line.count};
}

TEST(LoadOptions, TextEndsAtItsTerminatorOrWithTheBytes) {
  bool unreadable = true;
  EXPECT_EQ(decoded(std::u16string(u"-t 0\0junk", 9), unreadable), "-t 0");
  EXPECT_FALSE(unreadable);
  EXPECT_EQ(decoded(u"caf\u00e9", unreadable), "caf\xc3\xa9");
}

TEST(LoadOptions, BytesThatAreNoTextAreSaidToBeUnreadable) {
  bool unreadable = false;
  EXPECT_EQ(decoded(u"\x01\x02\xd800", unreadable), "");
  EXPECT_TRUE(unreadable);
}

TEST(LoadOptions, OfAWholeBootEntryTheOptionalDataCount) {
  // Attributes, length of the device path, description, end node, optional data.
  std::u16string entry = {1, 0, 4};
  entry += u"Llama";
  entry += u'\0';
  entry += {0xff7f, 4};
  entry += u"-s 7";
  bool unreadable = true;
  EXPECT_EQ(decoded(entry, unreadable), "-s 7");
  EXPECT_FALSE(unreadable);
}

}  // namespace
