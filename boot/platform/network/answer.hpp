#pragma once
#include "rt/span.hpp"

namespace platform {

/// What the head of an HTTP answer says of its body. RFC 9112.
struct Answer {
  uint32_t status = 0;      // 200, 404, ...
  bool has_length = false;
  bool chunked = false;     // or coded otherwise: its length is unknown
  uint64_t length = 0;      // bytes of the body
  rt::Text location;        // where else to ask; in the head itself
};

/// Where the head in `bytes` ends, the empty line included; 0: it has not come whole.
uint64_t head_size(rt::Text bytes);

/// Reads a whole head. False where it is no answer of an HTTP server, or contradicts itself.
bool read_answer(rt::Text head, Answer& answer);

}  // namespace platform
