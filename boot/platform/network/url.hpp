#pragma once
#include "rt/result.hpp"
#include "uefi_headers/service_binding.hpp"

namespace platform {

/// http://HOST[:PORT]/PATH, in parts of the text that it was read from.
struct Url {
  rt::Text host;   // with the port, as it belongs into a request
  rt::Text name;   // without
  rt::Text path;   // from the first / on; "/" where there is none
  uint16_t port = 80;
  bool is_address = false;
  uefi::Ip4Address address{};  // where is_address
};

/// Does `text` begin like a URL, of whatever kind?
bool is_url(rt::Text text);

/// Takes a URL apart. An error says what is wrong with it.
rt::Result<Url> read_url(const rt::Text& text);

/// Four numbers with points between them, and nothing else.
bool read_address(rt::Text text, uefi::Ip4Address& address);

/// The folder of a URL, up to its last /, that of the host included; empty where it has none.
rt::Text url_folder(rt::Text url);

}  // namespace platform
