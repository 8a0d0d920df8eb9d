// The line at the prompt, as somebody sees it who types.
#include <gtest/gtest.h>

#include <random>

#include "boot/line_editor.hpp"
#include "tests/firmware/fake_console.hpp"
#include "tests/firmware/scenarios.hpp"

namespace {

using test::FakeMachine;
using test::Outcome;
using test::Service;
using uefi::InputKey;
using uefi::ScanCode;

constexpr InputKey kEnter = {ScanCode::none, u'\r'}, kBackspace = {ScanCode::none, u'\b'}, kEscape = {ScanCode::escape, 0},
                   kLeft = {ScanCode::left, 0}, kRight = {ScanCode::right, 0}, kHome = {ScanCode::home, 0},
                   kEnd = {ScanCode::end, 0}, kDelete = {ScanCode::del, 0}, kUp = {ScanCode::up, 0},
                   kDown = {ScanCode::down, 0};
constexpr uint32_t kWidth = 77;  // 79 columns less the prompt's two

constexpr InputKey ctrl(char letter) { return {ScanCode::none, char16_t(letter & 0x1f)}; }

std::vector<InputKey> keys(const std::u16string& text) {
  std::vector<InputKey> all;
  for (const char16_t unit : text) all.push_back({ScanCode::none, unit});
  return all;
}

/// A machine with its first story told, where these keys are pressed then.
FakeMachine typing(std::vector<InputKey> pressed) {
  FakeMachine machine = test::conversation();
  machine.typed.clear();
  machine.keys = std::move(pressed);
  return machine;
}

/// Without blanks behind it, and with | where the cursor is.
std::string seen(const test::Row& row) {
  std::string text;
  for (uint32_t i = 0; i < row.text.size() || i <= row.cursor; ++i) {
    if (i == row.cursor) text += '|';
    text += i < row.text.size() && row.text[i] < 0x80 ? char(row.text[i]) : i < row.text.size() ? '?' : ' ';
  }
  return text.substr(0, text.find_last_not_of(' ') + 1);
}

/// What the row looked like before each of the keys.
std::vector<std::string> rows(const FakeMachine& machine) {
  const Outcome run = test::start(machine);
  EXPECT_EQ(run.complaints, "");
  std::vector<std::string> all;
  for (const test::Row& row : run.waits) all.push_back(seen(row));
  EXPECT_GT(all.size(), machine.keys.size());
  all.resize(machine.keys.size() + 1);
  return all;
}

TEST(LineEditor, ShowsEveryKeyWhereItBelongs) {
  std::vector<InputKey> pressed = keys(u"acd");
  pressed.insert(pressed.end(), {kLeft, kLeft, {ScanCode::none, u'b'}, kHome, {ScanCode::none, u'-'}, kDelete, kEnd, kDelete,
                                 kBackspace, ctrl('a'), kRight, ctrl('k'), kLeft, kLeft, kBackspace, ctrl('e'), ctrl('u')});
  const std::vector<std::string> expected = {
      "> |", "> a|", "> ac|", "> acd|", "> ac|d", "> a|cd", "> ab|cd", "> |abcd", "> -|abcd", "> -|bcd", "> -bcd|",
      "> -bc|", "> -b|", "> |-b", "> -|b", "> -|", "> |-", "> |-", "> |-", "> -|", "> |"};
  EXPECT_EQ(rows(typing(pressed)), expected);
}

TEST(LineEditor, TakesNoControlCharacters) {
  EXPECT_EQ(rows(typing(keys(u"a\u009b\u0085\u0001b"))).back(), "> b|a");  // Ctrl-A alone means something
}

TEST(LineEditor, ClearsTheLineAndLeavesOnlyWhenTold) {
  std::vector<InputKey> pressed = keys(u"ab");
  pressed.insert(pressed.end(), {kEscape, kEscape, {ScanCode::none, u'c'}, ctrl('c'), ctrl('c'), {ScanCode::none, u'd'},
                                 ctrl('d'), kHome, ctrl('d'), kEscape, kEscape, kEscape});
  const std::vector<std::string> expected = {"> |", "> a|", "> ab|", "> |", "> |", "> c|", "> |", "> |", "> d|",
                                             "> d|", "> |d", "> |d", "> |", "> |", "> |"};
  FakeMachine machine = typing(pressed);
  EXPECT_EQ(rows(machine), expected);
  machine.keys = {ctrl('d'), {ScanCode::none, u'x'}};
  EXPECT_EQ(test::start(machine).waits.size(), 1u);
}

TEST(LineEditor, RemembersLines) {
  std::vector<InputKey> pressed;
  for (const char16_t* line : {u"/one", u"/two", u"/two"}) {
    const std::vector<InputKey> typed = keys(line);
    pressed.insert(pressed.end(), typed.begin(), typed.end());
    pressed.push_back(kEnter);
  }
  const size_t typed = pressed.size();
  pressed.insert(pressed.end(), {kUp, kUp, kUp, kDown, kDown, kDown, kUp});
  const std::vector<std::string> seen = rows(typing(pressed));
  EXPECT_EQ(std::vector(seen.begin() + long(typed) + 1, seen.end()),
            (std::vector<std::string>{"> /two|", "> /one|", "> /one|", "> /two|", "> |", "> |", "> /two|"}));
}

TEST(LineEditor, WritesOnceForEachKeyAndOnceForAPaste) {
  const auto writes = [](const FakeMachine& machine) { return test::start(machine).calls[int(Service::output_string)]; };
  const uint64_t none = writes(typing({}));
  const std::vector<InputKey> pressed = keys(std::u16string(200, u'a'));
  FakeMachine machine = typing(pressed);
  // At the end the line is cleared.
  EXPECT_EQ(writes(machine), none + pressed.size() + 1);
  machine.keys_at_once = 200;
  EXPECT_EQ(writes(machine), none + 2);
}

TEST(LineEditor, TakesLongPastesWholeOrSaysWhatWasCut) {
  const auto tokens = [](size_t characters) {
    FakeMachine machine = test::conversation();
    machine.typed = {std::string(characters, '7'), "/quit"};
    const Outcome run = test::start(machine);
    const size_t at = run.screen.find("error: the prompt has ");
    EXPECT_NE(at, std::string::npos) << run.screen;
    const std::string cut = characters > 4096 ? std::to_string(characters - 4096) : "";
    EXPECT_EQ(run.screen.find("\nnote: a line has room for 4,096 bytes: " + cut + " characters were cut\n") !=
                  std::string::npos, characters > 4096) << run.screen;
    std::string number = run.screen.substr(at + 22, 10);
    std::erase(number, ',');
    return std::stoul(number);
  };
  EXPECT_EQ(tokens(2001), tokens(2000) + 1);
  EXPECT_EQ(tokens(2000), tokens(300) + 1700);
  EXPECT_EQ(tokens(4800), tokens(4096));
}

TEST(LineEditor, CompletesWordsAsFarAsIsCertain) {
  constexpr InputKey kTab = {ScanCode::none, u'\t'};
  const auto after_tab = [&](const std::u16string& text, std::vector<InputKey> more = {}) {
    std::vector<InputKey> pressed = keys(text);
    pressed.insert(pressed.end(), more.begin(), more.end());
    pressed.push_back(kTab);
    return rows(typing(pressed)).back();
  };
  EXPECT_EQ(after_tab(u"/he"), "> /help |");
  EXPECT_EQ(after_tab(u"/HE"), "> /help |");
  EXPECT_EQ(after_tab(u"/help"), "> /help |");
  EXPECT_EQ(after_tab(u"/nothing"), "> /nothing|");
  EXPECT_EQ(after_tab(u"no /he"), "> no /he|");
  EXPECT_EQ(after_tab(u"/he", {kLeft}), "> /h|e");
  EXPECT_EQ(after_tab(u"/sta", {kTab}), "> /stats |");
  // Several: they are listed, and the line is there again.
  std::vector<InputKey> pressed = keys(u"/se");
  pressed.insert(pressed.end(), {kTab, {ScanCode::none, u'e'}, kTab, kBackspace, {ScanCode::none, u't'}});
  const FakeMachine machine = typing(pressed);
  const std::vector<std::string> seen = rows(machine);
  EXPECT_EQ(std::vector(seen.begin() + 4, seen.end()),
            (std::vector<std::string>{"> /se|", "> /see|", "> /seed |", "> /seed|", "> /seedt|"}));
  EXPECT_NE(test::start(machine).shown.find("\n> /se\n/set  /seed  /serve\n>"), std::string::npos);
}

std::string after_tab(FakeMachine machine, const std::u16string& text) {
  machine.keys = keys(text + u"\t");
  return rows(machine).back();
}

TEST(LineEditor, CompletesOptionsAndTheirValues) {
  const FakeMachine machine = typing({});
  EXPECT_EQ(after_tab(machine, u"/set tempe"), "> /set temperature |");
  EXPECT_EQ(after_tab(machine, u"/set show c"), "> /set show confidence |");
  EXPECT_EQ(after_tab(machine, u"/set show=n"), "> /set show=nothing |");
  EXPECT_EQ(after_tab(machine, u"/set show = t"), "> /set show = text |");
  EXPECT_EQ(after_tab(machine, u"/set show text n"), "> /set show text n|");
  EXPECT_EQ(after_tab(machine, u"/set on_f"), "> /set on_f|") << "cannot be set any more";
  EXPECT_EQ(after_tab(machine, u"/set temperature 0"), "> /set temperature 0|");
  EXPECT_EQ(after_tab(machine, u"/set nothing of"), "> /set nothing of|");
  EXPECT_EQ(after_tab(machine, u"/help on_f"), "> /help on_finish |");
  EXPECT_EQ(after_tab(machine, u"/help quit x"), "> /help quit x|");
  EXPECT_EQ(after_tab(machine, u"/help qui"), "> /help quit |");
  EXPECT_EQ(after_tab(machine, u"/quit s"), "> /quit s|");
  EXPECT_EQ(after_tab(machine, u"/nonsense s"), "> /nonsense s|");
  EXPECT_EQ(after_tab(machine, u"set tempe"), "> set tempe|") << "no command, but how a story begins";
  FakeMachine lists = machine;
  lists.keys = keys(u"/set precision \t");
  EXPECT_NE(test::start(lists).shown.find("\n> /set precision\nusual  f32  q8  file\n>"), std::string::npos);
}

TEST(LineEditor, CompletesTheNamesOfModels) {
  FakeMachine machine = typing({});
  machine.files["\\models\\OTHER-2.GGUF"] = {};
  machine.files["\\models\\over\nhere.bin"] = {};
  machine.files["\\models\\others.txt"] = {};
  EXPECT_EQ(after_tab(machine, u"/model def"), "> /model default.bin |");
  EXPECT_EQ(after_tab(machine, u"/model ot"), "> /model OTHER|") << "two of them";
  EXPECT_EQ(after_tab(machine, u"/model OTHER."), "> /model other.bin |");
  EXPECT_EQ(after_tab(machine, u"/model ov"), "> /model ov|") << "no key types a line break";
  EXPECT_EQ(after_tab(machine, u"/model \\models\\d"), "> /model \\models\\default.bin |");
  EXPECT_EQ(after_tab(machine, u"/model other.bin d"), "> /model other.bin d|");
  EXPECT_EQ(after_tab(machine, u"/set model \\models\\d"), "> /set model \\models\\default.bin |");
  machine.files["\\models\\" + std::string(240, 'z') + ".bin"] = {};
  machine.keys = keys(u"/model z\t");
  EXPECT_EQ(test::start(machine).complaints, "");
  machine.volume_lasts = test::start(typing({})).calls[int(Service::read)];  // then it is pulled out
  EXPECT_EQ(test::start(machine).complaints, "");
}

/// The prompts of the stories that are told where these lines are typed.
std::vector<std::string> told(const std::vector<std::string>& typed) {
  FakeMachine machine = test::conversation();
  machine.options += " -t 0 --show nothing";
  machine.typed = typed;
  machine.typed.push_back("/set prompt");
  machine.typed.push_back("/quit");
  const Outcome run = test::start(machine);
  EXPECT_EQ(run.complaints, "");
  std::vector<std::string> all;
  constexpr char kPrompt[] = "\n  prompt = ";
  for (size_t at = 0; (at = run.screen.find(kPrompt, at)) != std::string::npos;) {
    at += sizeof kPrompt - 1;
    all.push_back(run.screen.substr(at, run.screen.rfind('\n', run.screen.find("; for the next story", at)) - at));
  }
  return all;
}

TEST(Input, TakesSeveralLinesAsOne) {
  using All = std::vector<std::string>;
  EXPECT_EQ(told({"\"\"\"", "ab", "/quit", "", " c", "\"\"\""}), All{"ab\n/quit\n\n c"});
  EXPECT_EQ(told({"\"\"\"ab", "c\"\"\" "}), All{"ab\nc"});
  EXPECT_EQ(told({" \"\"\"/ab\"\"\""}), All{"/ab"});
  EXPECT_EQ(told({"abc", "\"\"\"\"\"\""}), All{"abc"}) << "nothing: another story";
  EXPECT_EQ(told({"\"ab\"\"\""}), All{"\"ab\"\"\""}) << "does not begin with three";
  EXPECT_EQ(told({"\"\"\"", "ab", "\x04", "/set prompt", "\"\"\"c\"\"\""}), (All{"ab", "c"})) << "Ctrl-D: never mind";
}

TEST(Input, SaysWhatOfManyLinesWasCut) {
  std::vector<std::string> typed = {"\"\"\""};
  for (int i = 0; i < 5; ++i) typed.push_back(std::string(3999, 'a' + char(i)));
  typed.push_back("\"\"\"");
  const std::string prompt = told(typed).at(0);
  EXPECT_EQ(prompt.size(), 16u * 1024);
  EXPECT_TRUE(prompt.ends_with("dd\n" + std::string(384, 'e'))) << prompt.substr(16000);
}

/// As a serial line sends them: byte by byte.
std::vector<InputKey> bytes(const std::string& text) {
  std::vector<InputKey> all;
  for (const char byte : text) all.push_back({ScanCode::none, char16_t(uint8_t(byte))});
  return all;
}

TEST(Utf8, TypedOnASerialLineArrivesWholeAndComesBack) {
  const std::string typed = "n\u00e9\u4f60\U0001f642\u2014";
  FakeMachine machine = typing({});
  machine.options += " -t 0 -n 40 --utf8 on";
  machine.keys = bytes(typed + "\r");
  machine.keys_at_once = 40;
  const Outcome run = test::start(machine);
  EXPECT_EQ(run.complaints, "");
  EXPECT_NE(run.shown.find("\n> n\u00e9?" "?-\n"), std::string::npos) << run.shown;  // as many letters, at least
  EXPECT_NE(run.shown.find("\n" + typed), std::string::npos) << run.shown;
  machine.options += " --utf8 off";
  EXPECT_NE(test::start(machine).shown.find("\nn\u00e9?" "?-"), std::string::npos) << "as firmware can";
  // Without a serial line there is nobody to send it to.
  machine.options += " --utf8 on";
  machine.serial_line = false;
  EXPECT_NE(test::start(machine).shown.find("\nn\u00e9?" "?-"), std::string::npos);
}

TEST(Utf8, IsSwitchedOnAtThePrompt) {
  FakeMachine machine = typing({});
  machine.keys_at_once = 100;
  machine.keys = bytes("/set utf8 on\r\"\u4f60e\u0301\u200b\u202e\"");
  const Outcome run = test::start(machine);
  EXPECT_EQ(run.complaints, "");
  machine.keys = bytes("/set utf8 on\r/nonsense \u03b1\u0301\u202e\u4f60\r");
  EXPECT_EQ(test::start(machine).complaints, "");
}

TEST(Utf8, LeavesARowsEndToFirmware) {
  test::Ledger ledger({});
  test::Complaints complaints;
  test::FakeScreen screen(ledger, complaints, true);
  struct Line : uefi::SerialIo {
    test::FakeScreen* screen;
  } line{};
  line.screen = &screen;
  line.write = [](uefi::SerialIo* self, uefi::Uintn* bytes, const void* text) {
    static_cast<Line*>(self)->screen->put_past({static_cast<const char*>(text), *bytes});
    return uefi::Status::success;
  };
  platform::Console console(&screen);
  console.use_utf8(&line);
  for (int i = 0; i < 39; ++i) console.write("\u4f60");
  console.write("ab\u2026\u2026cd");
  EXPECT_EQ(complaints.text(), "");
  std::string expected;
  for (int i = 0; i < 39; ++i) expected += "\u4f60";
  EXPECT_EQ(screen.shown(), expected + "ab\n\u2026\u2026cd\n");
  console.write("\r");
  for (int i = 0; i < 79; ++i) console.write("x");
  console.write("\u4f60\u2026");  // half of a wide one would be in the next row
  EXPECT_EQ(complaints.text(), "");
}

TEST(LineEditor, DoesSomethingBetweenKeys) {
  struct Work final : boot::Idle {
    int left = 3, done = 0;
    bool step() override { return ++done, --left > 0; }
  } work;
  test::Ledger ledger({});
  test::Complaints complaints;
  test::FakeScreen screen(ledger, complaints, true);
  test::FakeTypist typist(ledger, {"ab"}, {}, 0);
  platform::Console console(&screen);
  platform::Keyboard keyboard(typist.extended(), nullptr);
  boot::LineEditor editor(console, keyboard, [](rt::Text, boot::Candidates&) {});
  typist.type();
  EXPECT_EQ(editor.read("> ", &work), boot::LineEditor::End::line);
  EXPECT_EQ(work.done, 0) << "keys come first";
  // Somebody types while it is at work.
  struct Typing final : boot::Idle {
    test::FakeTypist& typist;
    int done = 0;
    explicit Typing(test::FakeTypist& who) : typist(who) {}
    bool step() override {
      if (++done % 5 == 0) typist.type();
      return true;  // there is always more
    }
  } typing(typist);
  EXPECT_EQ(editor.read("> ", &typing), boot::LineEditor::End::leave) << "Esc, then Ctrl-D";
  EXPECT_EQ(typing.done, 10);
}

TEST(LineEditor, CompletesWholeCharacters) {
  test::Ledger ledger({});
  test::Complaints complaints;
  test::FakeScreen screen(ledger, complaints, true);
  test::FakeTypist typist(ledger, {"n\t"}, {}, 0);
  platform::Console console(&screen);
  platform::Keyboard keyboard(typist.extended(), nullptr);
  boot::LineEditor editor(console, keyboard, [](rt::Text, boot::Candidates& candidates) {
    candidates.offer("n\u00e9");
    candidates.offer("n\u00e8");
  });
  typist.type();
  EXPECT_EQ(editor.read("> "), boot::LineEditor::End::line);
  EXPECT_EQ(std::string(editor.line().data, editor.line().size), "n");
}

/// What an editor is, without a console.
struct Reference {
  std::u16string text;
  size_t cursor = 0;

  void press(const InputKey& key) {
    const bool within = cursor < text.size();
    if (key.scan_code == ScanCode::left) cursor -= cursor > 0;
    else if (key.scan_code == ScanCode::right) cursor += within;
    else if (key.scan_code == ScanCode::home || key.unicode_char == ('a' & 0x1f)) cursor = 0;
    else if (key.scan_code == ScanCode::end || key.unicode_char == ('e' & 0x1f)) cursor = text.size();
    else if (key.scan_code == ScanCode::del && within) text.erase(cursor, 1);
    else if (key.scan_code == ScanCode::del || key.unicode_char == u'\b') {
      if (cursor) text.erase(--cursor, 1);
    }
    else if (key.scan_code == ScanCode::escape || key.unicode_char == ('u' & 0x1f)) text.clear(), cursor = 0;
    else if (key.unicode_char == ('k' & 0x1f)) text.resize(cursor);
    else text.insert(cursor++, 1, key.unicode_char);
  }

  /// Is this a part of the text, with the cursor at the right character, and in sight what is before it?
  bool fits(const test::Row& row) const {
    if (row.cursor < 2 || row.cursor - 2 > cursor || (row.cursor == 2 && cursor) || row.text.substr(0, 2) != u"> ") return false;
    std::u16string part = text.substr(cursor - (row.cursor - 2), kWidth);
    for (char16_t& unit : part)
      if (unit >= 0x250) unit = unit == 0x2014 ? u'-' : unit == 0x2026 ? u'.' : u'?';
    std::u16string shown = row.text.substr(2);
    if (shown.size() > kWidth) return false;
    shown.resize(kWidth, u' ');
    part.resize(kWidth, u' ');
    return shown == part;
  }
};

TEST(LineEditor, ShowsWhatIsInTheLineWhateverIsTyped) {
  constexpr char16_t kCharacters[] = u"abc /=,.\u00e9\u00c6\u2014\u2026\u4e2d\u0301";  // é Æ — … 中, an accent alone
  std::mt19937 random(1);
  for (int round = 0; round < 200; ++round) {
    const bool longer = round % 2;
    std::vector<InputKey> pressed;
    for (int i = 0; i < 400; ++i) {
      const InputKey kMoves[] = {kLeft, kRight, kHome, kEnd, kDelete, kBackspace, ctrl('a'), ctrl('e'), kLeft, kLeft};
      const InputKey kCuts[] = {ctrl('k'), ctrl('u'), kEscape};
      if (random() % 100 < (longer ? 80 : 50)) pressed.push_back({ScanCode::none, kCharacters[random() % 14]});
      else pressed.push_back(random() % 100 < (longer ? 2 : 10) ? kCuts[random() % 3] : kMoves[random() % 10]);
    }
    FakeMachine machine = typing(pressed);
    machine.keys_at_once = 1 + uint32_t(random() % 5) * (random() % 2);
    const Outcome run = test::start(machine);
    ASSERT_EQ(run.complaints, "");
    Reference reference;
    for (size_t i = 0, wait = 0; i < pressed.size(); ++wait) {
      ASSERT_TRUE(reference.fits(run.waits[wait])) << "round " << round << ", key " << i << ": " << seen(run.waits[wait]);
      for (uint32_t n = 0; n < machine.keys_at_once && i < pressed.size(); ++n) reference.press(pressed[i++]);
    }
  }
}

TEST(LineEditor, ScrollsBackBeforeTheCursorIsAtTheEdge) {
  std::vector<InputKey> pressed = keys(std::u16string(100, u'a'));
  pressed.insert(pressed.end(), 100, kLeft);
  const Outcome run = test::start(typing(pressed));
  ASSERT_GT(run.waits.size(), pressed.size());
  Reference reference;
  for (size_t i = 0; i < pressed.size(); ++i) {
    EXPECT_TRUE(reference.fits(run.waits[i])) << i << seen(run.waits[i]);
    reference.press(pressed[i]);
  }
}

TEST(LineEditor, MovesFarAtOnceAmongLettersOfTwoBytes) {
  std::vector<InputKey> pressed(100, InputKey{ScanCode::none, u'\u00e6'});
  pressed.insert(pressed.end(), {kHome, {ScanCode::none, u'a'}, kEnd});
  FakeMachine machine = typing(pressed);
  machine.keys_at_once = 100;
  const Outcome run = test::start(machine);
  ASSERT_GT(run.waits.size(), 2u);
  Reference reference;
  for (const InputKey& key : pressed) reference.press(key);
  EXPECT_TRUE(reference.fits(run.waits[2])) << seen(run.waits[2]);
}

}  // namespace
