#pragma once
#include "rt/span.hpp"

namespace http {

inline constexpr uint32_t kHeadBytes = 8 * 1024;     // the longest request line with its headers
inline constexpr uint32_t kHeaders = 64;
inline constexpr uint32_t kBodyBytes = 1024 * 1024;  // the longest body

enum class Method : uint8_t { get, head, post, options, other };

/// What the head of a request says, as far as we want to know. Texts lie in the head.
struct Request {
  Method method{};
  bool version_1_0 = false;
  bool keep_alive = false;       // may more requests follow on this connection?
  bool expects_continue = false;  // the body comes only when it was asked for
  bool is_json = false;
  uint64_t body_bytes = 0;
  rt::Text path;           // without query
  rt::Text authorization;  // empty: none
};

/// Where the head in `bytes` ends, behind its empty line; 0: not yet. `seen`: how many bytes an earlier call saw.
uint64_t find_head_end(rt::Text bytes, uint64_t seen);

/// Reads a head (RFC 9112), with its empty line. Returns 0, or the status with which it is refused: whatever two
/// readers could understand differently is, because one of them may stand in front of us. Lines end in CR LF, headers
/// have no continuation, there is one Host and at most one Content-Length, and no Transfer-Encoding.
uint16_t read_head(rt::Text head, Request& request);

/// "GET" and so on; "?" for others.
rt::Text name(Method method);

/// "Not Found" for 404, and so on.
const char* reason(uint16_t status);

}  // namespace http
