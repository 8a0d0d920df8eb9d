// Single rooms of the platform, where the whole program does not reach every corner.
#include <gtest/gtest.h>

#include <deque>

#include "boot/platform/clock.hpp"
#include "boot/platform/console.hpp"
#include "boot/platform/firmware.hpp"
#include "boot/platform/keyboard.hpp"
#include "tests/firmware/fake_console.hpp"
#include "tests/firmware/scenarios.hpp"

namespace {

using platform::Key;
using platform::Keyboard;
using test::FakeMachine;
using test::Fault;
using test::Service;
using uefi::InputKey;
using uefi::ScanCode;
using uefi::Status;

constexpr InputKey kEscape = {ScanCode::escape, 0}, kCtrlC = {ScanCode::none, 'c' & 0x1f};

/// A keyboard where all these keys have been pressed already.
struct Pressed : uefi::SimpleTextInput {
  std::deque<InputKey> keys;

  explicit Pressed(std::deque<InputKey> pressed) : uefi::SimpleTextInput{}, keys(std::move(pressed)) {
    read_key_stroke = [](uefi::SimpleTextInput* self, InputKey* key) {
      auto& keys = static_cast<Pressed*>(self)->keys;
      if (keys.empty()) return Status::not_ready;
      *key = keys.front();
      keys.pop_front();
      return Status::success;
    };
  }
};

std::string rest(Keyboard& keyboard) {
  std::string all;
  for (Key key; keyboard.poll(key);) all += key.is_stop() ? '!' : char(key.character);
  return all;
}

TEST(Keyboard, JoinsTheHalvesOfAPair) {
  const auto typed = [](std::deque<InputKey> keys) {
    Pressed pressed(std::move(keys));
    Keyboard keyboard(nullptr, &pressed);
    std::u32string all;
    for (Key key; keyboard.poll(key);) all += key.character;
    return all;
  };
  const auto unit = [](char16_t c) { return InputKey{ScanCode::none, c}; };
  EXPECT_EQ(typed({unit(u'a'), unit(0xd83d), unit(0xde42), unit(u'b')}), U"a\U0001f642b");
  EXPECT_EQ(typed({unit(0xd83d), unit(u'a'), unit(0xde42), unit(0xd83d), unit(0xd83d), unit(0xde42)}), U"a\U0001f642");
}

TEST(Keyboard, LosesNoKeyThatStopsHoweverMuchWasTypedBefore) {
  for (const InputKey stop : {kEscape, kCtrlC})
    for (const size_t before : {0, 1, 255, 256, 257, 600}) {
      std::deque<InputKey> keys(before, InputKey{ScanCode::none, u'x'});
      keys.push_back(stop);
      keys.push_back({ScanCode::none, u'a'});
      Pressed pressed(keys);
      Keyboard keyboard(nullptr, &pressed);
      bool stopped = false;
      for (size_t looks = 0; !stopped && looks <= before / 256 + 1; ++looks) stopped = keyboard.stop_pressed();
      EXPECT_TRUE(stopped) << before;
      const std::string left = rest(keyboard);
      EXPECT_EQ(left, before < 256 ? "a" : "") << before;  // of more than fit, only the stop was kept
      EXPECT_FALSE(keyboard.stop_pressed());
    }
}

TEST(Keyboard, StopsOnceForAKeyAndForNoOther) {
  Pressed pressed({{ScanCode::none, u'c'}, {ScanCode::none, u'C'}, {ScanCode::none, 'd' & 0x1f}, {ScanCode::up, 0},
                   {ScanCode::none, u'\r'}, {ScanCode::none, 0}});
  Keyboard keyboard(nullptr, &pressed);
  EXPECT_FALSE(keyboard.stop_pressed());
  EXPECT_FALSE(keyboard.stop_pressed());
  EXPECT_EQ(rest(keyboard), std::string("cCd\0\r", 5));
  pressed.keys = {{ScanCode::none, u'a'}, kEscape, {ScanCode::none, u'b'}};
  EXPECT_TRUE(keyboard.stop_pressed());
  EXPECT_FALSE(keyboard.stop_pressed()) << "a stop that nobody pressed";
  EXPECT_EQ(rest(keyboard), "b");
}

TEST(Console, WritesNoControlCharacter) {
  for (const bool accepts : {true, false}) {
    test::Ledger ledger(accepts ? std::optional<Fault>() : Fault{Service::test_string, 1, true});
    test::Complaints complaints;
    test::FakeScreen screen(ledger, complaints, true);
    platform::Console console(&screen);
    for (uint32_t c = 0; c < 0x3000; ++c) {
      char text[4];
      uint64_t n = 0;
      if (c < 0x80) text[n++] = char(c);
      else if (c < 0x800) text[n++] = char(0xc0 | c >> 6), text[n++] = char(0x80 | (c & 0x3f));
      else text[n++] = char(0xe0 | c >> 12), text[n++] = char(0x80 | (c >> 6 & 0x3f)),
           text[n++] = char(0x80 | (c & 0x3f));
      console.write({text, n});
    }
    for (uint32_t byte = 0; byte < 256; ++byte) {
      const char alone[] = {char(byte), 'x'};
      console.write({alone, 2});
    }
    EXPECT_EQ(complaints.text(), "");
  }
}

/// What the clock takes for its counter's rate.
uint64_t measured_hertz(std::optional<Fault> fault) {
  uint64_t hertz = 0;
  test::start(test::one_story(), fault, [&](uefi::Handle image, uefi::SystemTable* system) {
    platform::set_firmware(image, system);
    const platform::Clock clock = platform::Clock::start();
    hertz = clock.hertz();
    EXPECT_GT(clock.milliseconds_to_ticks(1), 0u);
    EXPECT_LT(clock.nanoseconds(1'000'000'000), 2'000'000'000'000u);
    return Status::success;
  });
  return hertz;
}

TEST(Clock, HasARateWhateverFirmwareSays) {
  const uint64_t natural = measured_hertz({});
  EXPECT_GT(natural, 990'000'000u);
  EXPECT_LT(natural, 1'010'000'000u);
  EXPECT_EQ(measured_hertz(Fault{Service::stall, 1, true}), 1'000'000'000u);
  EXPECT_GE(measured_hertz(Fault{Service::stall, 1, true, Fault::Kind::lie, {}}), 1'000'000u);  // comes back at once
}

TEST(Clock, BelievesTheRealTimeClockWithinReason) {
  constexpr uint64_t kSecond = 1'000'000'000;
  const auto after = [](std::initializer_list<std::pair<uint64_t, uint32_t>> looks) {
    platform::Clock clock;
    for (const auto& [ticks, second] : looks) clock.compare(ticks, second);
    EXPECT_GT(clock.hertz(), 0u);
    EXPECT_LT(clock.nanoseconds(3), ~uint64_t{0});
    return clock.hertz();
  };
  // A counter of 1 GHz, which the clock takes for one of 1 MHz at first.
  const uint64_t hertz =
      after({{kSecond, 10}, {kSecond * 3 / 2, 11}, {kSecond * 3 / 2 + 1000, 11},
             {kSecond * 5 / 2, 12}, {kSecond * 9 / 2, 14}});
  EXPECT_GT(hertz, kSecond * 7 / 10);
  EXPECT_LT(hertz, kSecond * 13 / 10);
  // Seconds that fly: no rate at all would fit them.
  after({{100, 0}, {101, 1}, {102, 2}, {103, 20'000}, {104, 40'000}, {105, 60'000}, {106, 80'000}, {107, 80'001}});
}

}  // namespace
