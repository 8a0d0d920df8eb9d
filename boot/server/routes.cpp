// What is asked for where, and the answers that need no model.
#include "boot/server/page.hpp"
#include "boot/server/server.hpp"
#include "rt/memory.hpp"
#include "rt/parse.hpp"

namespace server {
namespace {

constexpr uint8_t kGet = 1 << int(http::Method::get) | 1 << int(http::Method::head);
constexpr uint8_t kPost = 1 << int(http::Method::post);
constexpr uint32_t kLengthDigits = 7;
constexpr uint32_t kRetrySeconds = 5;

/// Takes as long whatever the difference is.
bool same_secret(rt::Text given, rt::Text secret) {
  uint64_t different = given.size ^ secret.size;
  for (uint64_t i = 0; i < given.size; ++i)
    different |= uint8_t(given[i] ^ (secret.empty() ? 0 : secret[i % secret.size]));
  return different == 0;
}

}  // namespace

constexpr Server::Route Server::kRoutes[] = {
    {"/v1/chat/completions", kPost, true, false, &Server::take_job},
    {"/v1/completions", kPost, true, false, &Server::take_job},
    {"/v1/models", kGet, true, false, &Server::send_models},
    {"/metrics", kGet, true, true, &Server::send_metrics},
    {"/health", kGet, false, true, &Server::send_health},
    {"/", kGet, false, false, &Server::send_page},
    {"*", 0, false, true, nullptr},
};

bool Server::has_key(const Slot& slot) const {
  if (settings_.api_key.empty()) return true;
  rt::Text given = slot.request.authorization;
  const rt::Text scheme = rt::take_until(given, ' ');
  return (scheme == "Bearer" || scheme == "bearer") && same_secret(rt::trim(given), settings_.api_key);
}

/// A head has come, with `head` bytes; its body is read next, where somebody wants it.
void Server::dispatch(Slot& slot, uint64_t head) {
  const http::Request& request = slot.request;
  slot.head_only = request.method == http::Method::head;
  for (const Route& route : kRoutes)
    if (request.path == route.path) slot.route = &route;
  // What is refused here has a body that nobody reads: another request cannot follow.
  const bool kept = slot.keep;
  slot.extra = request.body_bytes;
  if (slot.extra) slot.keep = false;
  if (!slot.route) return refuse(slot, 404, "there is no such path: /v1/chat/completions, /v1/completions, /v1/models, "
                                            "/health, /metrics and / are here");
  if (request.method == http::Method::options) return send_options(slot);
  if (!(slot.route->methods >> int(request.method) & 1))
    return refuse(slot, 405, "this path does not take that method");
  if (slot.route->guarded && !has_key(slot)) return refuse(slot, 401, "the API key is missing or wrong");
  if (slot.route->methods == kPost && !request.is_json)
    return refuse(slot, 415, "the body wants to be JSON, and a header Content-Type: application/json to say so");
  if (request.body_bytes > kInBytes) {
    int room = 0;
    while (room < int(kRooms) && room_used_[room]) ++room;
    if (room == int(kRooms)) return refuse(slot, 503, "too many large requests at a time");
    room_used_[room] = true;
    slot.room = room;
    slot.body = rooms_[room];
  }
  const uint64_t came = slot.used - head, own = rt::min(came, request.body_bytes);
  slot.extra = came > own;
  slot.keep = kept && !slot.extra;
  rt::move_bytes(slot.body, slot.in + head, own);
  slot.used = own;
  if (request.expects_continue && own < request.body_bytes) slot.out.write("HTTP/1.1 100 Continue\r\n\r\n");
  enter(slot, State::body);
  read_body(slot);
}

/// Writes the head of an answer. Returns where its length is to be filled in; 0 where it comes in chunks.
uint64_t Server::begin_response(Slot& slot, uint16_t status, const char* type, bool chunks) {
  Outbox& out = slot.out;
  slot.status = status;
  slot.chunked = chunks && !slot.request.version_1_0;
  if (chunks && !slot.chunked) slot.keep = false;  // the end of the connection is the end of the answer
  rt::print(out, "HTTP/1.1 %u %s\r\nConnection: %s\r\n", status, http::reason(status),
            slot.keep ? "keep-alive" : "close");
  if (!settings_.cors.empty()) rt::print(out, "Access-Control-Allow-Origin: %pT\r\nVary: Origin\r\n", &settings_.cors);
  if (status == 401) out.write("WWW-Authenticate: Bearer\r\n");
  if (status == 503) rt::print(out, "Retry-After: %u\r\n", kRetrySeconds);
  if ((status == 405 || status == 204) && slot.route)
    rt::print(out, "Allow: %s, OPTIONS\r\n", slot.route->methods == kPost ? "POST" : "GET, HEAD");
  if (type)
    rt::print(out, "Content-Type: %s\r\nX-Content-Type-Options: nosniff\r\nCache-Control: no-store\r\n", type);
  if (status == 204 || chunks) {
    out.write(slot.chunked ? "Transfer-Encoding: chunked\r\n\r\n" : "\r\n");
    return 0;
  }
  out.write("Content-Length: ");
  const uint64_t where = out.reserve(kLengthDigits);
  out.write("\r\n\r\n");
  return where;
}

/// The body is written, and `tail` is to come behind it.
void Server::end_response(Slot& slot, uint64_t length_at, const rt::Text& tail) {
  if (length_at) {
    const uint64_t body = length_at + kLengthDigits + 4;
    slot.out.fill_in(length_at, kLengthDigits, slot.out.end() - body + tail.size, 10);
    if (slot.head_only) slot.out.cut(body);
    else slot.out.set_tail(tail);
  }
  ++metrics.requests[rt::min(slot.status / 100, 5)];
  enter(slot, State::sending);
}

void Server::refuse(Slot& slot, uint16_t status, const rt::Text& text) {
  if (status == 408) slot.keep = false;
  const uint64_t length = begin_response(slot, status, "application/json");
  rt::print(slot.out, "{\"error\":{\"message\":\"");
  json::write_escaped(slot.out, text);
  rt::print(slot.out, "\",\"type\":\"%s\",\"param\":null,\"code\":%u}}",
            status < 500 ? "invalid_request_error" : "server_error", status);
  end_response(slot, length);
  report(slot, "");
}

/// One line about a request.
void Server::report(Slot& slot, const char* after) {
  if (slot.route && slot.route->quiet && slot.status < 400) return;
  char peer[24], line[200];
  const rt::Text who = slot.wire->peer({peer, sizeof peer});
  const rt::Text method = http::name(slot.request.method);
  log_.write(rt::print_to({line, sizeof line}, "%pT %pT %s %u%s\n", &who, &method, slot.route ? slot.route->path : "?",
                          slot.status, after));
}

void Server::send_page(Slot& slot) {
  const uint64_t length = begin_response(
      slot, 200,
      "text/html; charset=utf-8\r\nContent-Encoding: gzip\r\nContent-Security-Policy: default-src 'none'; "
      "script-src 'unsafe-inline'; style-src 'unsafe-inline'; connect-src 'self'");
  end_response(slot, length, page());
  report(slot, "");
}

void Server::send_health(Slot& slot) {
  const uint64_t length = begin_response(slot, 200, "application/json");
  slot.out.write("{\"status\":\"ok\"}");
  end_response(slot, length);
}

void Server::send_metrics(Slot& slot) {
  const uint64_t length = begin_response(slot, 200, "text/plain; version=0.0.4");
  metrics.connections = connections();
  metrics.waiting = queued_;
  metrics.print(slot.out);
  end_response(slot, length);
}

void Server::send_models(Slot& slot) {
  const uint64_t length = begin_response(slot, 200, "application/json");
  slot.out.write("{\"object\":\"list\",\"data\":[{\"id\":\"");
  json::write_escaped(slot.out, answerer_.name());
  rt::print(
      slot.out, "\",\"object\":\"model\",\"created\":%llu,\"owned_by\":\"llama.efi\",\"context\":%u,\"chat\":%s}]}",
      static_cast<unsigned long long>(settings_.epoch), answerer_.context(), answerer_.chats() ? "true" : "false");
  end_response(slot, length);
  report(slot, "");
}

void Server::send_options(Slot& slot) {
  begin_response(slot, 204, nullptr);
  slot.out.cut(slot.out.end() - 2);
  if (!settings_.cors.empty())
    slot.out.write("Access-Control-Allow-Methods: GET, POST, OPTIONS\r\nAccess-Control-Allow-Headers: Authorization, "
                   "Content-Type\r\nAccess-Control-Max-Age: 86400\r\n");
  slot.out.write("\r\n");
  end_response(slot, 0);
}

/// A question: it waits for its turn, where there is room to wait.
void Server::take_job(Slot& slot) {
  rt::Result<void> done = read_job({slot.body, slot.used}, slot.route == &kRoutes[0], answerer_.usual(), slot.job);
  if (done && slot.job.chat && !answerer_.chats())
    done = rt::fail(rt::Errc::unsupported, 0, "this model knows no conversations: /v1/completions goes on with texts");
  // No token is so long on average; a text that is far too long need not be looked at.
  if (done && slot.job.bytes > uint64_t{answerer_.context()} * 32)
    done = rt::fail(rt::Errc::usage, 0, "the text is far longer than the context of this model, %'u tokens",
                    answerer_.context());
  if (!done) return refuse(slot, 400, done.error().text);
  if (queued_ >= settings_.queue + !current_)
    return refuse(slot, 503, "other answers are being made, and the queue is full");
  slot.ticket = tickets_++;
  slot.status = 0;
  enter(slot, State::queued);
}

}  // namespace server
