#pragma once
#include "rt/span.hpp"

namespace server {

/// What a browser shows: page.html, in one piece, compressed by gzip. Every browser takes that, and a server may send
/// it to a client that does not say what it takes (RFC 9110, section 12.5.3).
rt::Text page();

}  // namespace server
