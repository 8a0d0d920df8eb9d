// Requests to the server, of any bytes, in any pieces.
//
// Whatever comes: every response begins and ends as HTTP wants it, an answer that was begun is finished once, nothing is
// held when the clients are gone, and then a plain request is answered.
#include "boot/server/server.hpp"

#include "tests/fuzz/fuzz.hpp"
#include "tests/unit/server_client.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using fuzz::must;
  fuzz::Input input(data, size);
  server::Settings settings;
  settings.connections = 2;
  settings.queue = 1;
  // The memory is large, and what was in it does not matter.
  static test::Served* it = new test::Served(settings);
  it->clients.clear();
  it->log.all.clear();
  const uint8_t pieces = input.byte();
  const std::string all = input.rest_text();
  // A zero byte parts the connections.
  const size_t border = rt::min(all.find('\0'), all.size());
  for (const std::string& says : {all.substr(0, border), all.substr(rt::min(border + 1, all.size()))}) {
    test::Client& client = it->connect(says);
    client.reads_at_most = client.takes_at_most = 1u + pieces % 64;
  }
  it->run(40);
  for (test::Client& client : it->clients) {
    client.has_left = true;
    if (pieces & 64) client.reads_at_most = client.takes_at_most = ~uint64_t{0};
  }
  for (int i = 0; i < 100 && it->server->connections(); ++i) it->run(500);
  must(it->server->connections() == 0, "who left is forgotten");
  must(it->answerer.begun == it->answerer.finished, "answers that were begun are finished");
  for (const test::Client& client : it->clients) {
    must(client.told.empty() || client.told.starts_with("HTTP/1.1 "), "a response begins so");
    const size_t head = client.told.rfind("HTTP/1.1 ");
    if (client.was_reset || head == std::string::npos) continue;
    const std::string last = client.told.substr(head);
    must(last.find("\r\n\r\n") != std::string::npos, "a head that was begun ends");
    const size_t length = last.find("Content-Length: ");
    if (length == std::string::npos || last.find("chunked") != std::string::npos) continue;
    const size_t bytes = last.size() - last.find("\r\n\r\n") - 4;
    must(bytes == 0 || bytes == std::stoul(last.substr(length + 16)), "a body has its length");
  }
  test::Client& plain = it->connect(test::get("/health"));
  it->run(3);
  must(plain.statuses() == "200 ", "a plain request is answered");
  plain.has_left = true;
  it->run(3);
  return 0;
}
