#pragma once
#include <stdint.h>

namespace platform {

/// Time from the processor's counter. Durations are kept in ticks and turned into
/// seconds when they are shown: by then check() may know the counter's rate better, since some
/// firmware measures time wrongly (U-Boot by up to 2.6 times).
class Clock {
 public:
  /// Where the rate comes from.
  enum class Source : uint8_t { processor, stall, rtc };

  /// Finds the counter's rate; takes about 15 ms. UEFI 2.10 §7.5 EFI_BOOT_SERVICES.Stall().
  static Clock start();

  /// The counter. Never runs backwards on one processor.
  static uint64_t ticks();

  /// How long `ticks` are.
  uint64_t nanoseconds(uint64_t ticks) const;
  double seconds(uint64_t ticks) const;
  /// Seconds from an earlier ticks() until now.
  double seconds_since(uint64_t earlier) const;
  /// Ticks in a span of time.
  uint64_t milliseconds_to_ticks(uint64_t milliseconds) const;

  uint64_t hertz() const { return hertz_; }
  Source source() const { return source_; }

  /// Compares with the real-time clock, which only counts seconds, and takes over its rate where
  /// the two certainly differ by more than 10 %. To be called often (between tokens, between chunks
  /// of a file): it looks at that clock every 20 ms at most and needs to see two seconds begin.
  /// UEFI 2.10 §8.3 EFI_RUNTIME_SERVICES.GetTime().
  void check();
  /// check() with the two clocks' readings: for tests. `second` counts from any midnight.
  void compare(uint64_t now, uint32_t second);

 private:
  /// No counter is slower than this: whoever says so is wrong, and dividing by nothing is fatal.
  static constexpr uint64_t kSlowest = 1'000'000;

  void set_rate(uint64_t hertz) { hertz_ = hertz < kSlowest ? kSlowest : hertz; }

  uint64_t hertz_ = kSlowest;  // ticks per second
  Source source_ = Source::stall;

  // What the real-time clock showed: its last second, and the first change of it that was seen.
  enum class Rtc : uint8_t { unread, ticking, absent };
  Rtc rtc_ = Rtc::unread;
  bool have_edge_ = false;
  uint32_t second_ = 0, edge_second_ = 0;
  uint64_t looked_ = 0;                      // ticks at the last look
  uint64_t edge_ticks_ = 0, edge_blur_ = 0;  // it was at most edge_blur_ before edge_ticks_
};

}  // namespace platform
