#pragma once
#include "rt/format.hpp"

namespace server {

/// What was counted since the server began.
struct Metrics {
  uint64_t requests[6] = {};  // by the first digit of their status
  uint64_t answers = 0, abandoned = 0;
  uint64_t prompt_tokens = 0, cached_tokens = 0, drawn_tokens = 0;
  uint64_t first_milliseconds = 0;   // from an answer's beginning to its first piece
  uint64_t answer_milliseconds = 0;  // and to its end
  uint64_t connections = 0, waiting = 0;  // now
  uint64_t memory = 0;                    // bytes, now
  uint64_t up_milliseconds = 0;

  /// In the text format of Prometheus.
  void print(rt::Sink& out) const;
};

}  // namespace server
