#include "boot/progress.hpp"

namespace boot {
namespace {

constexpr double kMiB = 1 << 20;
constexpr uint64_t kRedraw = 100;  // milliseconds: text consoles are slow
constexpr uint32_t kWidth = 30;    // of the bar
constexpr uint32_t kRow = 78;      // columns

// Of a signed number: it is converted by one instruction.
double mebibytes(uint64_t bytes) { return double(int64_t(bytes)) / kMiB; }

double per_second(uint64_t bytes, double seconds) { return seconds > 0 ? mebibytes(bytes) / seconds : 0; }

}  // namespace

rt::Result<rt::Span<const uint8_t>> Progress::next(uint64_t most) {
  const uint64_t before = platform::Clock::ticks();
  rt::Result<rt::Span<const uint8_t>> bytes = source_.next(most);
  const uint64_t now = platform::Clock::ticks();
  if (!bytes) {
    if (drawn_) terminal_.console.write("\n");
    return bytes;
  }
  read_ticks_ += now - before;
  done_ += bytes->count;
  if (now - rt::max(drawn_, start_) >= terminal_.clock.milliseconds_to_ticks(kRedraw)) {
    if (!held_) {
      drawn_ = now;
      draw();
    }
    if (terminal_.keyboard.stop_pressed()) {
      if (drawn_) terminal_.console.write("\n");
      return rt::fail(rt::Errc::stopped, done_, "stopped while loading");
    }
  }
  return bytes;
}

rt::Result<void> Progress::open_part(uint32_t number, uint32_t count) {
  end();
  drawn_ = ended_ = 0;
  before_ = done_;
  return source_.open_part(number, count);
}

void Progress::start() {
  held_ = false;
  start_ = platform::Clock::ticks();
  read_ticks_ = 0;
}

void Progress::end() {
  ended_ = platform::Clock::ticks();
  if (drawn_) rt::print(terminal_.console, "\r%*s\r", int(kRow), "");
}

double Progress::rate() const {
  return per_second(done_, terminal_.clock.seconds((ended_ ? ended_ : platform::Clock::ticks()) - start_));
}

double Progress::read_rate() const {
  return per_second(done_, terminal_.clock.seconds(read_ticks_));
}

void Progress::draw() {
  char bar[kWidth + 1];
  const uint64_t done = done_ - before_;
  const uint64_t filled = size() ? done * kWidth / size() : kWidth;
  for (uint32_t i = 0; i < kWidth; ++i) bar[i] = i < filled ? '#' : '.';
  bar[kWidth] = 0;
  const double left = rate() > 0 ? mebibytes(size() - done) / rate() : 0;
  char row[kRow + 1];
  rt::print_to({row, sizeof row}, "[%s] %.1f of %.1f MiB  %.0f MiB/s  %.0f s left", bar, mebibytes(done),
               mebibytes(size()), rate(), left);
  rt::print(terminal_.console, "\r%-*s", int(kRow), row);
}

}  // namespace boot
