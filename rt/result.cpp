#include "rt/result.hpp"

#include "rt/format.hpp"

namespace rt {

Error fail(Errc code, uint64_t detail, const char* format, ...) {
  Error error;
  error.code = code;
  error.detail = detail;
  va_list arguments;
  va_start(arguments, format);
  vprint_to({error.text, sizeof error.text}, format, arguments);
  va_end(arguments);
  return error;
}

}  // namespace rt
