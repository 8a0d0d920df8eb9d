#include "boot/platform/network/url.hpp"

#include "rt/parse.hpp"
#include "rt/utf.hpp"

namespace platform {
namespace {

constexpr rt::Text kScheme = "http://";

/// Where "://" begins, or the text's size.
uint64_t scheme_end(const rt::Text& text) {
  for (uint64_t i = 0; i < text.size; ++i) {
    if (text.from(i).starts_with("://")) return i;
    const char c = char(text[i] | 0x20);
    if (c < 'a' || c > 'z') break;
  }
  return text.size;
}

bool is_http(const rt::Text& text) {
  if (text.size < kScheme.size) return false;
  for (uint64_t i = 0; i < kScheme.size; ++i)
    if (char(text[i] | (i < 4 ? 0x20 : 0)) != kScheme[i]) return false;
  return true;
}

bool is_host_character(char c) {
  const char lower = char(c | 0x20);
  return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
}

const rt::Error& wrong(rt::Text url, const char* what) {
  const rt::Text shown = rt::clip(url, 160);  // so that what is wrong is not cut off
  return rt::fail(rt::Errc::usage, 0, "%pT%s: %s", &shown, shown.size < url.size ? "..." : "", what);
}

}  // namespace

bool is_url(rt::Text text) {
  const uint64_t end = scheme_end(text);
  return end > 0 && end < text.size;
}

bool read_address(rt::Text text, uefi::Ip4Address& address) {
  for (uint32_t i = 0; i < 4; ++i) {
    const rt::Text part = i < 3 ? rt::take_until(text, '.') : text;
    uint64_t value = 0;
    if (part.size > 3 || (part.size > 1 && part[0] == '0') || !rt::parse_u64(part, value) || value > 255) return false;
    address.bytes[i] = uint8_t(value);
  }
  return true;
}

rt::Result<Url> read_url(const rt::Text& text) {
  if (!is_http(text))
    return wrong(text, "only http:// can be read: files come without encryption, checked by NAME.sha256");
  const rt::Text rest = text.from(kScheme.size);
  uint64_t host = 0;
  while (host < rest.size && rest[host] != '/') ++host;
  Url url;
  url.host = url.name = rest.part(0, host);
  url.path = host < rest.size ? rest.from(host) : rt::Text("/");
  rt::Text port = url.host;
  url.name = rt::take_until(port, ':');
  if (url.name.size < url.host.size) {
    uint64_t number = 0;
    if (!rt::parse_u64(port, number) || number == 0 || number > 0xffff || port[0] == '+')
      return wrong(text, "the port must be a number from 1 to 65535");
    url.port = uint16_t(number);
  }
  if (url.name.empty()) return wrong(text, "there is no server in it");
  for (const char c : url.name)
    if (!is_host_character(c)) return wrong(text, "the server must be a name, or an address like 10.0.0.1");
  for (const char c : url.path)
    if (c <= ' ' || c > '~' || c == '#')
      return wrong(text, "a path has no spaces, # or letters beyond ASCII: write %20 and the like");
  url.is_address = read_address(url.name, url.address);
  return url;
}

rt::Text url_folder(rt::Text url) {
  uint64_t from = scheme_end(url);
  if (from == url.size) return {};
  from += 3;
  uint64_t path = from;  // a question and what follows are no part of the path
  while (path < url.size && url[path] != '?' && url[path] != '#') ++path;
  while (path > from && url[path - 1] != '/') --path;
  return path > from ? url.part(0, path) : rt::Text();
}

}  // namespace platform
