#include "boot/platform/clock.hpp"

#include "boot/platform/firmware.hpp"
#include "boot/platform/processor.hpp"

namespace platform {

namespace {

constexpr uint64_t kNanoseconds = 1'000'000'000;
constexpr uint32_t kDay = 24 * 60 * 60;

/// Ticks while firmware waits. The shortest of three waits of 5 ms: a busy host makes them longer.
uint64_t hertz_by_stall() {
  constexpr uint64_t kMicroseconds = 5000;
  uint64_t shortest = ~uint64_t{0};
  for (int i = 0; i < 3; ++i) {
    const uint64_t before = Clock::ticks();
    if (g_services->stall(kMicroseconds) != uefi::Status::success) continue;
    shortest = rt::min(shortest, Clock::ticks() - before);
  }
  return shortest == ~uint64_t{0} ? 0 : shortest * (1'000'000 / kMicroseconds);
}

bool near(uint64_t a, uint64_t b, uint64_t percent) {
  const uint64_t apart = a < b ? b - a : a - b;
  return apart <= b / 100 * percent;
}

}  // namespace

uint64_t Clock::ticks() { return read_counter(); }

Clock Clock::start() {
  Clock clock;
  const uint64_t stalled = hertz_by_stall();
  const CounterRate told = counter_rate();
  if (told.hertz && !(told.rough && near(stalled, told.hertz, 20))) {
    clock.set_rate(told.hertz);
    clock.source_ = Source::processor;
  } else if (stalled) {
    clock.set_rate(stalled);
  } else {
    clock.set_rate(kNanoseconds);  // neither says anything: wrong, until check() sees two seconds
  }
  clock.looked_ = ticks();
  clock.check();
  return clock;
}

uint64_t Clock::nanoseconds(uint64_t ticks) const {
  return ticks / hertz_ * kNanoseconds + ticks % hertz_ * kNanoseconds / hertz_;
}

// Out of line, as whoever measures calls them; and a signed number is converted by one instruction.
double Clock::seconds(uint64_t ticks) const { return double(int64_t(ticks)) / double(int64_t(hertz_)); }

double Clock::seconds_since(uint64_t earlier) const { return seconds(ticks() - earlier); }

uint64_t Clock::milliseconds_to_ticks(uint64_t milliseconds) const { return hertz_ / 1000 * milliseconds; }

void Clock::check() {
  const uint64_t now = ticks();
  if (rtc_ == Rtc::absent) return;
  if (rtc_ == Rtc::ticking && now - looked_ < milliseconds_to_ticks(20)) return;
  uefi::Time time{};
  if (g_system->runtime_services->get_time(&time, nullptr) != uefi::Status::success ||
      time.hour > 23 || time.minute > 59 || time.second > 59) {
    rtc_ = Rtc::absent;
    return;
  }
  compare(now, time.hour * 3600u + time.minute * 60u + time.second);
}

void Clock::compare(uint64_t now, uint32_t second) {
  const uint64_t blur = now - looked_;  // the second began that long ago at most
  looked_ = now;
  const bool edge = rtc_ == Rtc::ticking && second != second_;
  rtc_ = Rtc::ticking;
  second_ = second;
  if (!edge) return;

  const uint64_t passed = have_edge_ ? (second + kDay - edge_second_) % kDay : 0;
  const uint64_t between = now - edge_ticks_;
  const bool clock_was_set = passed == 0 || passed > kDay / 2;
  if (!have_edge_ || clock_was_set || blur < edge_blur_ / 4) {  // begin here, or better here
    have_edge_ = true;
    edge_second_ = second;
    edge_ticks_ = now;
    edge_blur_ = blur;
    return;
  }
  if (between <= blur) return;
  const uint64_t lowest = (between - blur) / passed, highest = (between + edge_blur_) / passed;
  if (source_ == Source::rtc) {  // narrower with every second
    set_rate(rt::min(rt::max(hertz_, lowest), highest));
  } else if (hertz_ < lowest - lowest / 10 || hertz_ > highest + highest / 10) {
    set_rate(lowest + (highest - lowest) / 2);
    source_ = Source::rtc;
  }
}

}  // namespace platform
