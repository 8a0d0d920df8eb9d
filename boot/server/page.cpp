#include "boot/server/page.hpp"

// From page.S.
extern "C" const char server_page_begin[], server_page_end[];

namespace server {

rt::Text page() { return {server_page_begin, uint64_t(server_page_end - server_page_begin)}; }

}  // namespace server
