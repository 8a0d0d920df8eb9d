// What comes over the network or from firmware that booted from one: URLs, heads of HTTP answers, device paths.
//
// For every run of bytes: nothing outside them is touched, what is found lies within them, and what is accepted keeps its
// promises: no request can be split by a URL, an accepted length was stated in digits, a path's parts are in the path.
#include "boot/platform/network/answer.hpp"
#include "boot/platform/network/boot_path.hpp"
#include "boot/platform/network/url.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace {

using fuzz::must;

bool lies_in(rt::Text part, rt::Text whole) {
  return part.empty() || (part.data >= whole.data && part.data + part.size <= whole.data + whole.size);
}

void check_url(rt::Text text) {
  const rt::Text folder = platform::url_folder(text);
  must(lies_in(folder, text) && (folder.empty() || folder.ends_with("/")), "a folder is the beginning of its URL");
  rt::Result<platform::Url> url = platform::read_url(text);
  if (!url) return;
  must(platform::is_url(text), "what is read as a URL looks like one");
  must(lies_in(url->host, text) && lies_in(url->name, text), "a URL's parts lie in it");
  must(!url->name.empty() && url->port != 0 && url->path[0] == '/', "a URL has a server, a port and a path");
  for (const rt::Text part : {url->host, url->path})
    for (const char c : part) must(c > ' ' && c <= '~', "nothing in a URL can split a request");
  uefi::Ip4Address address{};
  must(url->is_address == platform::read_address(url->name, address), "an address is one");
}

void check_answer(rt::Text bytes) {
  const uint64_t end = platform::head_size(bytes);
  must(end <= bytes.size, "a head lies in its bytes");
  for (uint64_t n = 0; n < end; ++n) must(platform::head_size(bytes.part(0, n)) == 0, "a head ends once");
  platform::Answer answer;
  if (!platform::read_answer(bytes.part(0, end ? end : bytes.size), answer)) return;
  must(answer.status >= 100 && answer.status <= 999, "a status has three digits");
  must(lies_in(answer.location, bytes), "another place lies in the head");
  must(answer.has_length || answer.length == 0, "a length was stated");
}

void check_path(rt::Span<const uint8_t> path) {
  const platform::BootPath found = platform::read_boot_path(path);
  must(lies_in(found.uri, {reinterpret_cast<const char*>(path.data), path.count}), "a URL lies in its path");
  must(!found.has_address || !(found.address == uefi::Ip4Address{}), "an address is one");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fuzz::Input input(data, size);
  const uint8_t kind = input.byte();
  const std::string rest = input.rest_text();
  const test::Exact<char> copy = fuzz::exact(rest);
  const rt::Text text = fuzz::text_of(copy);
  if (kind % 3 == 0) check_url(text);
  else if (kind % 3 == 1) check_answer(text);
  else check_path({reinterpret_cast<const uint8_t*>(text.data), text.size});
  // Options of DHCP are as good as any bytes.
  (void)platform::dhcp_address({reinterpret_cast<const uint8_t*>(text.data), text.size}, kind);
  return 0;
}
