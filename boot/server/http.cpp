#include "boot/server/http.hpp"

#include "rt/parse.hpp"

namespace http {
namespace {

/// RFC 9110, section 5.6.2.
bool is_token(char c) {
  const char letter = char(c | 0x20);
  return (letter >= 'a' && letter <= 'z') || (c >= '0' && c <= '9') || rt::Text("!#$%&'*+-.^_`|~").contains(c);
}

bool is_token(rt::Text text) {
  for (char c : text)
    if (!is_token(c)) return false;
  return !text.empty();
}

/// Does it begin with this, but for capitals?
bool begins(rt::Text text, const char* small) {
  text.size = rt::min(text.size, rt::Text(small).size);
  return rt::is_any_case(text, small);
}

/// Does a list with commas have this word?
bool lists(rt::Text list, const char* small) {
  while (!list.empty())
    if (rt::is_any_case(rt::trim(rt::take_until(list, ',')), small)) return true;
  return false;
}

/// The line at the front of `text`, without its end; false: it is none, or has what has no place in a line.
bool take_line(rt::Text& text, rt::Text& line) {
  uint64_t n = 0;
  while (n < text.size && (uint8_t(text[n]) >= 0x20 || text[n] == '\t') && text[n] != 0x7f) ++n;
  if (!text.from(n).starts_with("\r\n")) return false;
  line = text.part(0, n);
  text = text.from(n + 2);
  return true;
}

constexpr rt::Text kMethods[] = {"GET", "HEAD", "POST", "OPTIONS", "?"};

uint16_t read_request_line(rt::Text line, Request& request) {
  const rt::Text method = rt::take_until(line, ' ');
  rt::Text target = rt::take_until(line, ' ');
  if (!is_token(method) || target.empty()) return 400;
  for (char c : target)
    if (uint8_t(c) <= 0x20 || uint8_t(c) >= 0x7f || c == '#') return 400;
  if (!line.starts_with("HTTP/") || line.size != 8 || line[6] != '.') return 400;
  request.version_1_0 = line == "HTTP/1.0";
  if (!request.version_1_0 && !(line == "HTTP/1.1")) return 505;
  int known = 0;
  while (known < int(Method::other) && !(method == kMethods[known])) ++known;
  request.method = Method(known);
  if (begins(target, "http://")) {  // as a proxy is asked: the server is named twice
    target = target.from(7);
    while (!target.empty() && target[0] != '/' && target[0] != '?') target = target.from(1);
    if (target.empty() || target[0] == '?') target = "/";
  }
  if (target[0] != '/' && !(target == "*" && request.method == Method::options)) return 400;
  request.path = rt::take_until(target, '?');
  return 0;
}

}  // namespace

uint64_t find_head_end(rt::Text bytes, uint64_t seen) {
  for (uint64_t i = seen < 3 ? 0 : seen - 3; i + 4 <= bytes.size; ++i)
    if (bytes[i] == '\r' && bytes.part(i, 4) == "\r\n\r\n") return i + 4;
  return 0;
}

uint16_t read_head(rt::Text head, Request& request) {
  request = {};
  rt::Text line;
  if (!take_line(head, line)) return 400;
  uint16_t refused = read_request_line(line, request);
  if (refused == 400) return refused;  // others wait: what is wrong comes before what is not known
  request.keep_alive = !request.version_1_0;
  uint32_t headers = 0, hosts = 0, lengths = 0;
  bool encoded = false;
  for (;;) {
    if (!take_line(head, line)) return 400;
    if (line.empty()) break;
    if (++headers > kHeaders) return 431;
    if (!line.contains(':')) return 400;
    const rt::Text name = rt::take_until(line, ':'), value = rt::trim(line);
    if (!is_token(name)) return 400;  // a space before the colon or at the front of the line, too
    if (rt::is_any_case(name, "host")) {
      ++hosts;
    } else if (rt::is_any_case(name, "content-length")) {
      if (++lengths > 1 || value.size > 18 || !rt::parse_u64(value, request.body_bytes)) return 400;
    } else if (rt::is_any_case(name, "transfer-encoding")) {
      encoded = true;
    } else if (rt::is_any_case(name, "connection")) {
      if (lists(value, "close")) request.keep_alive = false;
      else if (request.version_1_0 && lists(value, "keep-alive")) request.keep_alive = true;
    } else if (rt::is_any_case(name, "content-type")) {
      request.is_json = begins(value, "application/json") && (value.size == 16 || rt::Text("; \t").contains(value[16]));
    } else if (rt::is_any_case(name, "authorization")) {
      if (!request.authorization.empty()) return 400;
      request.authorization = value;
    } else if (rt::is_any_case(name, "expect")) {
      if (!rt::is_any_case(value, "100-continue")) refused = 417;
      request.expects_continue = !request.version_1_0;
    }
  }
  if (hosts > 1 || (!hosts && !request.version_1_0)) return 400;
  if (encoded) return lengths || request.version_1_0 ? 400 : 501;
  if (refused) return refused;
  return request.body_bytes > kBodyBytes ? 413 : 0;
}

rt::Text name(Method method) { return kMethods[int(method)]; }

const char* reason(uint16_t status) {
  static constexpr struct {
    uint16_t status;
    const char* text;
  } kReasons[] = {
      {200, "OK"},
      {204, "No Content"},
      {400, "Bad Request"},
      {401, "Unauthorized"},
      {404, "Not Found"},
      {405, "Method Not Allowed"},
      {408, "Request Timeout"},
      {413, "Content Too Large"},
      {415, "Unsupported Media Type"},
      {417, "Expectation Failed"},
      {431, "Request Header Fields Too Large"},
      {501, "Not Implemented"},
      {503, "Service Unavailable"},
      {505, "HTTP Version Not Supported"},
  };
  for (const auto& row : kReasons)
    if (row.status == status) return row.text;
  return "Error";
}

}  // namespace http
