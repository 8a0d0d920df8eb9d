#include "boot/option_sources.hpp"

#include <gtest/gtest.h>

#include <sstream>
#include <string>
#include <vector>

#include "boot/platform/program.hpp"
#include "tests/unit/exact.hpp"

namespace {

using boot::Options;

std::string text(rt::Text t) { return {t.data, t.size}; }

/// What is written, as a string.
struct Written final : rt::Sink {
  void write(rt::Text t) override { all += text(t); }
  std::string all;
};

/// Reads a command line; the error's sentence, or nothing.
struct CommandLine {
  explicit CommandLine(const std::string& given) : line(given) {
    rt::Text foreign;
    const auto done = boot::read_command_line(options, {line.data(), line.size()}, foreign, {buffer, sizeof buffer});
    passed_over = text(foreign);
    if (!done) error = done.error().text;
  }
  std::string line, passed_over, error;
  Options options;
  char buffer[40];
};

/// Reads an llama.cfg, which is gone afterwards.
struct Config {
  explicit Config(std::string lines) {
    boot::read_config(options, "\\llama.cfg", {lines.data(), lines.size()}, notes);
    lines.assign(lines.size(), '#');
  }
  Options options;
  Written notes;
};

std::string value_of(Options& options, const char* name) {
  char buffer[100];
  const boot::OptionSet set = boot::all_options(options);
  return text(set.value(*set.find(name), {buffer, sizeof buffer}));
}

boot::Option::Effect effect(const char* name) {
  Options options;
  return boot::all_options(options).find(name)->effect;
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

TEST(Options, ACircumflexTakesTheNextCharacterAsItIs) {
  CommandLine c(R"(-i a^"b^^^ c -m "d^" e")");
  EXPECT_EQ(c.error, "");
  EXPECT_EQ(text(c.options.prompt), "a\"b^ c");
  EXPECT_EQ(text(c.options.model), "d\" e");
  const std::string line = "-i x^";
  const test::Exact<char> exact(std::vector<char>(line.begin(), line.end()));
  boot::Options options;
  rt::Text passed_over;
  EXPECT_TRUE(boot::read_command_line(options, exact.span(), passed_over, {}));
  EXPECT_EQ(text(options.prompt), "x^") << "at the end there is nothing to take";
}

TEST(Options, StoriesAreSampledAsTheSamplerDoesByDefault) {
  const boot::Options options;
  EXPECT_EQ(options.temperature, model::Sampling{}.temperature);
  const model::Sampling usual, sampling = options.sampling();
  EXPECT_EQ(sampling.topp, usual.topp);
  EXPECT_EQ(sampling.top_k, usual.top_k);
  EXPECT_EQ(sampling.min_p, usual.min_p);
  EXPECT_EQ(sampling.repeat_penalty, usual.repeat_penalty);
}

TEST(Options, NamesWithTwoDashesWorkAndSwitchesMayStandAlone) {
  CommandLine c("--precision f32 --ids --color off --on_finish poweroff --threads 3");
  EXPECT_EQ(c.error, "");
  EXPECT_EQ(c.options.precision, model::Precision::f32);
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

TEST(Options, TheDefaultsAreThoseOfTheTable) {
  Options o;
  EXPECT_EQ(text(o.model) + text(o.tokenizer) + text(o.prompt) + text(o.prompt_file) + text(o.kernel) + text(o.system) + text(o.output), "");
  EXPECT_EQ(o.temperature, 0.8f);
  EXPECT_LT(o.topp, 0);  // as usual with the format
  EXPECT_EQ(o.seed, 0u);
  EXPECT_EQ(o.steps, 256u);
  EXPECT_EQ(o.threads, 0u);
  EXPECT_EQ(o.precision, model::Precision::usual);
  EXPECT_EQ(o.show, boot::Show::text);
  EXPECT_EQ(o.on_finish, boot::OnFinish::prompt);
  EXPECT_TRUE(o.color);
  EXPECT_FALSE(o.ids || o.more || o.verify || o.help || o.version);
  const boot::OptionSet set = boot::all_options(o);
  for (const boot::Option& option : set.rows) EXPECT_EQ(value_of(o, option.name), option.initial) << option.name;
}

TEST(Options, EveryOptionTakesItsOwnValueBack) {
  Options o;
  const boot::OptionSet set = boot::all_options(o);
  for (const boot::Option& option : set.rows) {
    std::vector<std::string> values = {"7", "0"};
    if (option.kind == boot::Option::Kind::text) values = {"\\models\\one.bin", ""};
    if (option.kind == boot::Option::Kind::real) values = {"0.25", option.has_usual() ? "usual" : "1"};
    if (option.kind == boot::Option::Kind::choice) {
      values.clear();
      for (std::stringstream words(option.values); !words.eof();) std::getline(words, values.emplace_back(), '|');
    }
    for (const std::string& value : values) {
      ASSERT_TRUE(set.set(option, {value.data(), value.size()})) << option.name;
      EXPECT_EQ(value_of(o, option.name), value) << option.name;
    }
    EXPECT_FALSE(set.set(option, std::string(20'000, '9').c_str())) << option.name;
    EXPECT_EQ(value_of(o, option.name), values.back()) << option.name << ": a refused value changes nothing";
  }
}

TEST(Options, NamesAndLettersAreThereOnce) {
  Options o;
  const boot::OptionSet set = boot::all_options(o);
  std::string seen;
  for (const boot::Option& option : set.rows) {
    EXPECT_EQ(set.find(option.name), &option);
    if (option.letter) EXPECT_EQ(set.find(option.letter), &option);
    char buffer[30];
    EXPECT_LE(std::string(option.help).size(), 42u) << option.name << ": /set shows it on one line";
    EXPECT_LE(boot::takes(option, {buffer, sizeof buffer}).size, 27u);
  }
  EXPECT_EQ(set.find("nothing"), nullptr);
  EXPECT_EQ(set.find('\0'), nullptr);
}

TEST(Options, TextsAreKeptWhenTheirSourceIsGone) {
  Config c("prompt = Once upon\nmodel = m.bin\ntokenizer=t.bin\nkernel = k\nprompt_file = p.txt");
  EXPECT_EQ(c.notes.all, "");
  EXPECT_EQ(text(c.options.prompt), "Once upon");
  EXPECT_EQ(text(c.options.model), "m.bin");
  EXPECT_EQ(text(c.options.tokenizer), "t.bin");
  EXPECT_EQ(text(c.options.kernel), "k");
  EXPECT_EQ(text(c.options.prompt_file), "p.txt");
}

TEST(Options, ATextThatHasNoRoomIsRefused) {
  EXPECT_EQ(Config("prompt = " + std::string(boot::kPromptBytes, 'a')).notes.all, "");
  EXPECT_EQ(Config("prompt = " + std::string(boot::kPromptBytes + 1, 'a')).notes.all,
            "note: \\llama.cfg line 1 is passed over: prompt has at most 16,384 bytes, not 16,385\n");
}

TEST(Options, AnEqualsSignMayStandBeforeAnyValue) {
  CommandLine c(R"(--temperature=0.5 -s=9 --prompt="a = b" --ids=on --color=off --model=x.bin -n 3)");
  EXPECT_EQ(c.error, "");
  EXPECT_EQ(c.options.temperature, 0.5f);
  EXPECT_EQ(c.options.seed, 9u);
  EXPECT_EQ(text(c.options.prompt), "a = b");
  EXPECT_EQ(text(c.options.model), "x.bin");
  EXPECT_TRUE(c.options.ids);
  EXPECT_FALSE(c.options.color);
  EXPECT_EQ(c.options.steps, 3u);
}

TEST(Options, NamesOfSeveralWordsMayHaveEitherSignBetweenThem) {
  CommandLine c("--top-k 7 --min-p=0.25 --on-finish exit --repeat_penalty 1.5");
  EXPECT_EQ(c.error, "");
  EXPECT_EQ(c.options.top_k, 7u);
  EXPECT_EQ(c.options.min_p, 0.25f);
  EXPECT_EQ(c.options.repeat_penalty, 1.5f);
  EXPECT_EQ(c.options.on_finish, boot::OnFinish::exit);
  EXPECT_NE(CommandLine("--top-").error, "");
  EXPECT_NE(CommandLine("--top-k-").error, "");
}

TEST(Options, AnUnknownFlagIsNamedWithItsPlace) {
  EXPECT_EQ(CommandLine("-t 1 -q 3").error,
            "command line, word 3: there is no option '-q' (--help lists them)");
  EXPECT_EQ(CommandLine("--colour off").error,
            "command line, word 1: there is no option 'colour'; did you mean 'color'?");
  EXPECT_EQ(CommandLine("-temperature 1").error,
            "command line, word 1: there is no option '-temperature'; did you mean 'temperature'?");
  EXPECT_EQ(CommandLine("--steps").error, "command line, word 1: steps wants a value");
}

TEST(Options, ABadValueIsNamedWithWhatIsAllowed) {
  EXPECT_EQ(CommandLine("-t hot").error,
            "command line, word 2: temperature wants a number from 0 to 10, not 'hot'");
  EXPECT_EQ(CommandLine("--temperature=11").error,
            "command line, word 1: temperature wants a number from 0 to 10, not '11'");
  EXPECT_EQ(CommandLine("-p nan").error, "command line, word 2: topp wants a number from 0 to 1 or 'usual', not 'nan'");
  EXPECT_EQ(CommandLine("-n 1048576").error, "");
  EXPECT_EQ(CommandLine("-n 1048577").error,
            "command line, word 2: steps wants a whole number up to 1,048,576, not '1048577'");
  EXPECT_EQ(CommandLine("-s 18446744073709551615").options.seed, ~uint64_t{0});
  EXPECT_EQ(CommandLine("-s -1").error, "command line, word 2: seed wants a whole number, not '-1'");
  EXPECT_EQ(CommandLine("--ids=yes").error, "command line, word 1: ids wants off or on, not 'yes'");
}

TEST(Options, WhatIsRightIsTakenOverBesideWhatIsWrong) {
  std::string line = "-t hot --nothing -s 5 --on_finish exit";
  for (int i = 0; i < 20; ++i) line += " --wrong";
  CommandLine c(line);
  EXPECT_EQ(c.error, "command line, word 2: temperature wants a number from 0 to 10, not 'hot'");
  EXPECT_EQ(c.options.seed, 5u);
  EXPECT_EQ(c.options.on_finish, boot::OnFinish::exit);
}

TEST(Options, LinesOfTheConfigurationMayBeEmptyOrComments) {
  Config c("\xef\xbb\xbf# a comment\r\n\r\n  temperature =\t0.25 \nprompt = a = b\nsteps=9 # nine\nseed 4#\nids on");
  EXPECT_EQ(c.notes.all, "note: \\llama.cfg line 6 is passed over: seed wants a whole number, not '4#'\n");
  EXPECT_EQ(c.options.temperature, 0.25f);
  EXPECT_EQ(text(c.options.prompt), "a = b");
  EXPECT_EQ(c.options.steps, 9u);
  EXPECT_TRUE(c.options.ids);
}

TEST(Options, QuotesAroundAValueAreTakenOff) {
  const auto prompt = [](const std::string& line) { return text(Config("prompt = " + line).options.prompt); };
  EXPECT_EQ(prompt("\"Once # upon \" # a time"), "Once # upon ");
  EXPECT_EQ(prompt("\"\""), "");
  EXPECT_EQ(prompt("\"Hello,\" she said. # who?"), "\"Hello,\" she said.");
  EXPECT_EQ(prompt("\"open"), "\"open");
  EXPECT_EQ(prompt("C# and F#"), "C# and F#");
  EXPECT_EQ(prompt("# nothing"), "");
}

TEST(Options, ASlipInTheConfigurationCostsOnlyItsLine) {
  Config c("steps = 5\n\nseed = x\nsomething\ncolour = off\non_finish = dance\ntopp = 0.5\n");
  EXPECT_EQ(c.notes.all,
            "note: \\llama.cfg line 3 is passed over: seed wants a whole number, not 'x'\n"
            "note: \\llama.cfg line 4 is passed over: there is no option 'something' (--help lists them)\n"
            "note: \\llama.cfg line 5 is passed over: there is no option 'colour'; did you mean 'color'?\n"
            "note: \\llama.cfg line 6 is passed over: on_finish wants prompt, exit, poweroff or reboot, not 'dance'\n");
  EXPECT_EQ(c.options.steps, 5u);
  EXPECT_EQ(c.options.seed, 0u);
  EXPECT_EQ(c.options.topp, 0.5f);
  EXPECT_TRUE(c.options.color);
}

TEST(Options, SaysWhatSettingThemLeadsTo) {
  using Effect = boot::Option::Effect;
  for (const char* name : {"prompt", "temperature", "topp", "seed", "steps", "ids", "show", "color", "system", "more"})
    EXPECT_EQ(effect(name), Effect::story) << name;
  for (const char* name : {"model", "tokenizer", "precision", "kernel", "threads", "verify"})
    EXPECT_EQ(effect(name), Effect::model) << name;
  for (const char* name : {"on_finish", "help", "version"}) EXPECT_EQ(effect(name), Effect::never) << name;
  EXPECT_EQ(effect("prompt_file"), Effect::prompt);
  EXPECT_EQ(effect("output"), Effect::output);
}

TEST(Options, OnlyWhatNeedsFirmwareIsNotPortable) {
  Options o;
  const boot::OptionSet portable = boot::portable_options(o);
  for (const boot::Option& option : boot::all_options(o).rows) {
    const std::string name = option.name;
    const bool firmware = name == "show" || name == "color" || name == "utf8" || name == "verify" || name == "on_finish" ||
                          name == "more" || name == "output" || name == "serve" || name == "api_key" ||
                          name == "cors" || name == "queue";
    EXPECT_EQ(portable.find(option.name) == nullptr, firmware) << name;
  }
}

TEST(Options, HelpShowsEveryOptionInAConsolesWidth) {
  Options o;
  Written help;
  boot::print_help(help, "llama.efi", boot::all_options(o));
  EXPECT_EQ(help.all.substr(0, help.all.find('\n')), "usage: llama.efi");
  EXPECT_NE(help.all.find("  -t, --temperature  0 to 10  0: always the likeliest token (0.8)\n"), std::string::npos) << help.all;
  EXPECT_NE(help.all.find("  -h, --help                  print this\n"), std::string::npos) << help.all;
  std::stringstream lines(help.all);
  for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 79u) << line;
}

TEST(Names, TheNearestIsAtMostTwoLettersAway) {
  static const char* const kNames[] = {"model", "temperature", "topp", "seed"};
  const boot::Names names{kNames, 4, sizeof kNames[0]};
  EXPECT_EQ(text(names.nearest("modle")), "model");
  EXPECT_EQ(text(names.nearest("temprature")), "temperature");
  EXPECT_EQ(text(names.nearest("top")), "topp");
  EXPECT_EQ(text(names.nearest("see")), "seed");
  EXPECT_EQ(text(names.nearest("mo")), "");
  EXPECT_EQ(text(names.nearest("tox")), "") << "of so short a word, two letters leave nothing";
  EXPECT_EQ(text(names.nearest("")), "");
  EXPECT_EQ(text(names.nearest("nothing")), "");
  EXPECT_EQ(text(names.nearest(std::string(40, 't').c_str())), "");
  EXPECT_EQ(names.find("topp"), 2u);
  EXPECT_EQ(names.find("to"), 4u);
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
