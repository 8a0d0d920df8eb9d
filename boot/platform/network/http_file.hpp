#pragma once
#include "boot/platform/medium.hpp"
#include "boot/platform/network/network.hpp"

namespace platform {

/// Files of HTTP servers. A name is a URL, or a path below the folder of the URL that this program was started from, if
/// it was and came from no volume. Opening asks for the file once; the network is up from then on.
extern const Medium kHttp;

/// The folder of the URL that this program was started from; empty where it was started otherwise.
rt::Text http_home(rt::Span<char> buffer = {});

/// Was this program started over a network in a way that leaves no URL, and no volume?
bool came_by_pxe();

}  // namespace platform
