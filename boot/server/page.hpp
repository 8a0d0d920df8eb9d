#pragma once
#include "rt/span.hpp"

namespace server {

/// What a browser shows: page.html, in one piece.
rt::Text page();

}  // namespace server
