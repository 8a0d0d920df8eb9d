#pragma once
#include "boot/terminal.hpp"
#include "rt/source.hpp"

namespace boot {

/// A file on its way into memory, with a bar that shows how far it is: passes on what `source`
/// hands out. Esc or Ctrl-C ends it with Errc::stopped.
class Progress final : public rt::ByteSource {
 public:
  Progress(rt::ByteSource& source, const Terminal& terminal)
      : source_(source), terminal_(terminal), start_(platform::Clock::ticks()) {}

  rt::Text name() const override { return source_.name(); }
  uint64_t size() const override { return source_.size(); }
  rt::Result<rt::Span<const uint8_t>> next(uint64_t most) override;
  /// A file of several has a bar of its own.
  rt::Result<void> open_part(uint32_t number, uint32_t count) override;

  /// Draws nothing until start(), from where on the rates count.
  void hold() { held_ = true; }
  void start();
  /// All is read: the bar goes, and its row is free.
  void end();
  /// The whole rate, and that of the reads alone, in MiB/s.
  double rate() const;
  double read_rate() const;

 private:
  void draw();

  rt::ByteSource& source_;
  const Terminal& terminal_;
  uint64_t start_, read_ticks_ = 0, drawn_ = 0, ended_ = 0;
  uint64_t done_ = 0, before_ = 0;  // bytes; those of the files before this one
  bool held_ = false;
};

}  // namespace boot
