#include "boot/platform/network/answer.hpp"

#include "rt/parse.hpp"

namespace platform {
namespace {

bool all_digits(rt::Text text) {
  for (const char c : text)
    if (c < '0' || c > '9') return false;
  return !text.empty();
}

/// "HTTP/1.1 200 OK"
bool read_status(rt::Text line, uint32_t& status) {
  if (!line.starts_with("HTTP/1.") || line.size < 12 || line[8] != ' ') return false;
  const rt::Text digits = line.part(9, 3);
  uint64_t number = 0;
  if (!all_digits(digits) || !rt::parse_u64(digits, number) || number < 100) return false;
  if (line.size > 12 && line[12] != ' ') return false;
  status = uint32_t(number);
  return true;
}

}  // namespace

uint64_t head_size(rt::Text bytes) {
  for (uint64_t i = 0; i < bytes.size; ++i)
    if (bytes[i] == '\n') {
      if (bytes.from(i + 1).starts_with("\n")) return i + 2;
      if (bytes.from(i + 1).starts_with("\r\n")) return i + 3;
    }
  return 0;
}

bool read_answer(rt::Text head, Answer& answer) {
  answer = {};
  if (!read_status(rt::trim(rt::take_until(head, '\n')), answer.status)) return false;
  while (!head.empty()) {
    rt::Text value = rt::take_until(head, '\n');
    if (rt::trim(value).empty()) break;
    if (!value.contains(':')) return false;
    const rt::Text name = rt::take_until(value, ':');
    value = rt::trim(value);
    if (rt::is_any_case(name, "content-length")) {
      uint64_t length = 0;
      if (!all_digits(value) || !rt::parse_u64(value, length)) return false;
      if (answer.has_length && answer.length != length) return false;
      answer.has_length = true;
      answer.length = length;
    } else if (rt::is_any_case(name, "transfer-encoding") || rt::is_any_case(name, "content-encoding")) {
      answer.chunked |= !rt::is_any_case(value, "identity");
    } else if (rt::is_any_case(name, "location")) {
      answer.location = value;
    }
  }
  return true;
}

}  // namespace platform
