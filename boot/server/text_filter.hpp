#pragma once
#include "boot/server/job.hpp"
#include "rt/format.hpp"
#include "rt/utf.hpp"

namespace server {

/// What a model says on its way to a client: whole characters, up to where one of a few texts would be complete. What
/// may be the beginning of one is held back.
class TextFilter {
 public:
  void begin(const Job& job);
  /// Takes a piece and writes what can be said. True: a stop is complete, and nothing more is to come.
  bool feed(rt::Text piece, rt::Sink& out);
  /// Writes what was held back.
  void finish(rt::Sink& out);

 private:
  bool add(rt::Text character, rt::Sink& out);
  bool begins_stop(rt::Text text, bool whole) const;

  rt::Utf8Decoder decoder_;
  char stops_[Job::kStops][Job::kStopBytes];
  uint32_t sizes_[Job::kStops];
  uint32_t count_ = 0;
  char held_[Job::kStopBytes + 4];
  uint64_t held_bytes_ = 0;
  bool stopped_ = false;
};

}  // namespace server
