#include "rt/result.hpp"

#include "rt/format.hpp"
#include "rt/memory.hpp"

namespace rt {

struct ErrorRing {
  Error errors[kNewestErrors];
  uint32_t next = 0;
};

namespace {

constinit ErrorRing g_ring;

}  // namespace

const Error& fail(Errc code, uint64_t detail, const char* format, ...) {
  // Filled in beside the ring: an argument may be the text of the error that is about to be overwritten.
  char sentence[sizeof Error::text];
  va_list arguments;
  va_start(arguments, format);
  vprint_to({sentence, sizeof sentence}, format, arguments);
  va_end(arguments);
  Error& error = g_ring.errors[g_ring.next++ % kNewestErrors];
  error.code = code;
  error.detail = detail;
  copy_bytes(error.text, sentence, sizeof sentence);
  return error;
}

void KeptError::keep(const Error& error) {
  error_.code = error.code;
  error_.detail = error.detail;
  copy_bytes(error_.text, error.text, sizeof error_.text);
}

}  // namespace rt
