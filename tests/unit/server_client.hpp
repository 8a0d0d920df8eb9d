#pragma once
#include <algorithm>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "boot/server/server.hpp"

namespace test {

/// A client of a server: what it says, and what it was told. It may read and write as slowly as it likes.
class Client final : public server::Wire {
 public:
  std::string says;        // not read yet
  std::string told;        // all that came
  uint64_t reads_at_most = ~uint64_t{0}, takes_at_most = ~uint64_t{0};  // bytes a call
  bool has_left = false;   // says nothing more
  bool broken = false;
  bool closed = false, was_reset = false;  // what the server did

  uint64_t read(rt::Span<uint8_t> into) override {
    const uint64_t n = rt::min(rt::min<uint64_t>(into.count, says.size()), reads_at_most);
    std::copy_n(says.begin(), n, into.data);
    says.erase(0, n);
    return n;
  }
  uint64_t write(rt::Span<const uint8_t> bytes) override {
    const uint64_t n = rt::min(bytes.count, takes_at_most);
    told.append(reinterpret_cast<const char*>(bytes.data), n);
    return n;
  }
  bool ended() override { return has_left && says.empty(); }
  bool failed() override { return broken; }
  rt::Text peer(rt::Span<char> buffer) override { return rt::print_to(buffer, "10.0.2.2"); }
  void close() override { closed = true; }
  void reset() override { was_reset = true; }

  bool over() const { return closed || was_reset; }
  /// The statuses of all that it was told.
  std::string statuses() const {
    std::string all;
    for (size_t at = 0; (at = told.find("HTTP/1.1 ", at)) != std::string::npos; at += 9) all += told.substr(at + 9, 4);
    return all;
  }
};

/// Answers with the given pieces.
class FakeAnswerer final : public server::Answerer {
 public:
  std::vector<std::string> pieces = {"Hel", "lo", "!"};
  bool knows_chat = true, ends_itself = true;
  std::string refuses;
  std::vector<std::string> heard;  // "role: text" of each turn of the last job, or the text
  server::Job job;
  int begun = 0, finished = 0;

  rt::Text name() const override { return "model"; }
  bool chats() const override { return knows_chat; }
  uint32_t context() const override { return 64; }
  model::Sampling usual() const override { return {}; }
  rt::Result<void> begin(const server::Job& given) override {
    if (!refuses.empty()) return rt::fail(rt::Errc::usage, 0, "%s", refuses.c_str());
    job = given;
    heard.clear();
    if (given.chat) {
      std::vector<model::Turn> turns(given.turns);
      server::take_turns(given, turns.data());
      for (const model::Turn& turn : turns)
        heard.push_back(std::string(model::kRoleNames[int(turn.role)]) + ": " + std::string(turn.text.data, turn.text.size));
    } else {
      const rt::Text text = server::take_text(given);
      heard.emplace_back(text.data, text.size);
    }
    at_ = 0;
    ++begun;
    return {};
  }
  Event advance() override {
    if (at_ == pieces.size() || (job.limit && at_ == job.limit)) return Event::end;
    ++at_;
    return Event::text;
  }
  rt::Text text() const override { return {pieces[at_ - 1].data(), pieces[at_ - 1].size()}; }
  bool ended_itself() const override { return at_ == pieces.size() && ends_itself; }
  Usage usage() const override { return {7, 3, uint32_t(at_)}; }
  void finish() override { ++finished; }

 private:
  size_t at_ = 0;
};

/// A server in memory of just its size, and its clock.
class Served {
 public:
  explicit Served(server::Settings of = {}) : settings(of), memory_(server::Server::bytes_needed(settings) / 64 + 1) {
    server = std::make_unique<server::Server>(settings, answerer, log,
                                              rt::Span<uint8_t>{memory_[0].bytes, memory_.size() * 64});
  }
  ~Served() { server->close(); }

  Client& connect(const std::string& says = "") {
    clients.emplace_back().says = says;
    server->accept(clients.back(), now);
    return clients.back();
  }
  /// Lets `milliseconds` pass, a few rounds in each.
  void run(uint64_t milliseconds = 50) {
    for (uint64_t i = 0; i < milliseconds; ++i, ++now) {
      server->poll(now);
      server->step(now);
    }
  }

  struct Log final : rt::Sink {
    void write(rt::Text text) override { all.append(text.data, text.size); }
    std::string all;
  };
  server::Settings settings;
  FakeAnswerer answerer;
  Log log;
  std::deque<Client> clients;
  std::unique_ptr<server::Server> server;
  uint64_t now = 1000;

 private:
  struct alignas(64) Line {
    uint8_t bytes[64];
  };
  std::vector<Line> memory_;
};

/// A request with a body.
inline std::string post(const std::string& path, const std::string& body, const std::string& headers = "") {
  return "POST " + path + " HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: " +
         std::to_string(body.size()) + "\r\n" + headers + "\r\n" + body;
}
inline std::string get(const std::string& path, const std::string& headers = "") {
  return "GET " + path + " HTTP/1.1\r\nHost: a\r\n" + headers + "\r\n";
}
inline std::string chat(const std::string& more = "", const std::string& headers = "") {
  return post("/v1/chat/completions", "{\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]" + more + "}", headers);
}

/// The body of the last response, out of its chunks where it came in such.
inline std::string body_of(const std::string& told) {
  const size_t head = told.rfind("HTTP/1.1 "), end = told.find("\r\n\r\n", head);
  if (end == std::string::npos) return "no head";
  std::string rest = told.substr(end + 4), body;
  if (told.substr(head, end - head).find("chunked") == std::string::npos) return rest;
  for (;;) {
    const size_t line = rest.find("\r\n");
    if (line == std::string::npos) return "unfinished: " + body;
    const size_t n = std::stoul(rest.substr(0, line), nullptr, 16);
    if (n == 0) return rest == "0\r\n\r\n" ? body : "more behind the end: " + rest;
    if (rest.size() < line + 4 + n || rest.substr(line + 2 + n, 2) != "\r\n") return "unfinished: " + body;
    body += rest.substr(line + 2, n);
    rest.erase(0, line + 4 + n);
  }
}

}  // namespace test
