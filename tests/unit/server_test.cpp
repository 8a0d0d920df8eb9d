#include "boot/server/server.hpp"

#include <gtest/gtest.h>

#include "boot/server/page.hpp"
#include "tests/unit/json.hpp"
#include "tests/unit/server_client.hpp"

namespace {

using test::body_of;
using test::chat;
using test::Client;
using test::get;
using test::Json;
using test::post;
using test::Served;

Json json_of(const std::string& text) {
  EXPECT_TRUE(json::read({text.c_str(), text.size()})) << text;
  return test::JsonReader(text).value();
}

/// The objects of an event stream that ends as it should.
std::vector<Json> events_of(const std::string& body) {
  std::vector<Json> all;
  for (size_t at = 0; at < body.size();) {
    const size_t end = body.find("\n\n", at);
    if (end == std::string::npos) {
      ADD_FAILURE() << "an event does not end: " << body.substr(at);
      break;
    }
    const std::string event = body.substr(at, end - at);
    at = end + 2;
    EXPECT_EQ(event.substr(0, 6), "data: ");
    if (event == "data: [DONE]") {
      EXPECT_EQ(at, body.size());
      return all;
    }
    all.push_back(json_of(event.substr(6)));
  }
  ADD_FAILURE() << "no [DONE]";
  return all;
}

std::string message_of(const Client& client) { return json_of(body_of(client.told))["error"]["message"].text; }

TEST(Server, AWholeAnswer) {
  Served it;
  Client& client = it.connect(chat(",\"model\":\"any\",\"n\":1,\"temperature\":0,\"max_tokens\":null"));
  it.run();
  EXPECT_EQ(client.statuses(), "200 ");
  const Json answer = json_of(body_of(client.told));
  EXPECT_EQ(answer["object"].text, "chat.completion");
  EXPECT_EQ(answer["choices"].items[0]["message"]["content"].text, "Hello!");
  EXPECT_EQ(answer["choices"].items[0]["message"]["role"].text, "assistant");
  EXPECT_EQ(answer["choices"].items[0]["finish_reason"].text, "stop");
  EXPECT_EQ(answer["usage"]["total_tokens"].text, "10");
  EXPECT_EQ(answer["usage"]["prompt_tokens_details"]["cached_tokens"].text, "3");
  EXPECT_EQ(it.answerer.heard, std::vector<std::string>{"user: Hi"});
  EXPECT_EQ(it.answerer.job.sampling.temperature, 0);
  EXPECT_EQ(it.log.all, "10.0.2.2 POST /v1/chat/completions 200, 7 (3 known) + 3 tokens in 0.0 s\n");
  EXPECT_FALSE(client.over());
}

TEST(Server, AStreamedAnswer) {
  Served it;
  it.answerer.pieces = {"\xe2\x82", "\xac \"", "\n", "end\x01"};
  Client& client = it.connect(chat(",\"stream\":true,\"stream_options\":{\"include_usage\":true}"));
  it.run();
  std::string text;
  const std::vector<Json> events = events_of(body_of(client.told));
  ASSERT_EQ(events.size(), 6u);
  EXPECT_EQ(events[0]["choices"].items[0]["delta"]["role"].text, "assistant");
  for (size_t i = 1; i < 4; ++i) {
    EXPECT_EQ(events[i]["object"].text, "chat.completion.chunk");
    text += events[i]["choices"].items[0]["delta"]["content"].text;
  }
  EXPECT_EQ(text, "\xe2\x82\xac \"\nend\x01");
  EXPECT_EQ(events[4]["choices"].items[0]["finish_reason"].text, "stop");
  EXPECT_TRUE(events[5]["choices"].items.empty());
  EXPECT_EQ(events[5]["usage"]["completion_tokens"].text, "4");
}

TEST(Server, ATextIsGoneOnWith) {
  Served it;
  it.answerer.ends_itself = false;
  Client& client = it.connect(post("/v1/completions", "{\"prompt\":[\"Once\\nupon\"],\"max_tokens\":2}"));
  it.run();
  const Json answer = json_of(body_of(client.told));
  EXPECT_EQ(answer["object"].text, "text_completion");
  EXPECT_EQ(answer["choices"].items[0]["text"].text, "Hello");
  EXPECT_EQ(answer["choices"].items[0]["finish_reason"].text, "length");
  EXPECT_EQ(it.answerer.heard, std::vector<std::string>{"Once\nupon"});
  client.says = post("/v1/completions", "{\"prompt\":\"a\",\"stream\":true}");
  it.run();
  const std::vector<Json> events = events_of(body_of(client.told));
  ASSERT_EQ(events.size(), 4u);
  EXPECT_EQ(events[0]["choices"].items[0]["text"].text, "Hel");
  EXPECT_EQ(events[3]["choices"].items[0]["finish_reason"].text, "length");
}

TEST(Server, MessagesMayHavePartsAndEscapes) {
  Served it;
  it.connect(post("/v1/chat/completions",
                  "{\"stop\":[\"x\\u0079\"],\"messages\":[{\"content\":\"Be \\\"kind\\\"\",\"role\":\"developer\"},"
                  "{\"role\":\"user\",\"name\":\"Tim\",\"content\":[{\"type\":\"text\",\"text\":\"a\\u00e9\"},{\"text\":\"]}b\","
                  "\"type\":\"text\"}]},{\"role\":\"assistant\",\"content\":\"\",\"tool_calls\":null},{\"role\":\"user\","
                  "\"content\":\"?\"}],\"seed\":-5,\"top_k\":3,\"top_p\":0.5,\"min_p\":0.25}"));
  it.run();
  EXPECT_EQ(it.answerer.heard,
            (std::vector<std::string>{"system: Be \"kind\"", "user: a\xc3\xa9]}b", "assistant: ", "user: ?"}));
  EXPECT_EQ(it.answerer.job.seed, uint64_t(-5));
  EXPECT_EQ(it.answerer.job.sampling.top_k, 3u);
  EXPECT_EQ(it.answerer.job.sampling.topp, 0.5f);
  EXPECT_EQ(it.answerer.job.sampling.min_p, 0.25f);
}

TEST(Server, WhatIsNotSupportedIsRefusedByName) {
  const struct {
    const char* more;
    const char* name;
  } cases[] = {
      {",\"n\":2", "'n'"}, {",\"tools\":[{}]", "'tools'"}, {",\"logprobs\":true", "'logprobs'"},
      {",\"response_format\":{\"type\":\"json_object\"}", "'response_format'"}, {",\"presence_penalty\":0.5", "'presence_penalty'"},
      {",\"temperature\":11", "'temperature'"}, {",\"temperature\":\"hot\"", "'temperature'"}, {",\"temperature\":-1", "'temperature'"},
      {",\"top_p\":1.5", "'top_p'"}, {",\"max_tokens\":0", "'max_tokens'"}, {",\"max_tokens\":1.5", "'max_tokens'"},
      {",\"stream\":1", "'stream'"}, {",\"stop\":[\"a\",\"b\",\"c\",\"d\",\"e\"]", "'stop'"}, {",\"stop\":\"\"", "'stop'"},
      {",\"seed\":1.5", "'seed'"}, {",\"made_up\":1", "'made_up'"}, {",\"prompt\":\"a\"", "'prompt'"}, {",\"model\":1", "'model'"},
      {",\"stream_options\":{\"x\":1}", "'x'"}, {",\"max_tokens\":99999999999999999999", "'max_tokens'"},
  };
  for (const auto& row : cases) {
    Served it;
    Client& client = it.connect(chat(row.more));
    it.run();
    EXPECT_EQ(client.statuses(), "400 ") << row.more;
    EXPECT_NE(message_of(client).find(row.name), std::string::npos) << message_of(client);
    EXPECT_EQ(it.answerer.begun, 0);
  }
  for (const char* messages : {"[]", "{}", "null", "[1]", "[{\"role\":\"tool\",\"content\":\"a\"}]", "[{\"content\":\"a\"}]",
                               "[{\"role\":\"user\"}]", "[{\"role\":\"user\",\"content\":null}]",
                               "[{\"role\":\"user\",\"content\":[{\"type\":\"image_url\",\"image_url\":{}}]}]"}) {
    Served it;
    Client& client = it.connect(post("/v1/chat/completions", std::string("{\"messages\":") + messages + "}"));
    it.run();
    EXPECT_EQ(client.statuses(), "400 ") << messages;
    EXPECT_NE(message_of(client).find("'messages'"), std::string::npos) << message_of(client);
  }
  for (const char* body : {"", "{", "[]", "\"a\"", "{}", "{\"messages\":[{\"role\":\"user\",\"content\":\"\xff\"}]}"}) {
    Served it;
    Client& client = it.connect(post("/v1/chat/completions", body));
    it.run();
    EXPECT_EQ(client.statuses(), "400 ") << body;
    EXPECT_FALSE(client.over());
  }
}

TEST(Server, ALongNameIsQuotedInWholeCharacters) {
  const std::string most(59, 'a');
  Served it;
  Client& client = it.connect(chat((",\"" + most + "\u00e9\":1").c_str()));
  it.run();
  EXPECT_NE(message_of(client).find("'" + most + "' is not supported"), std::string::npos) << message_of(client);
}

TEST(Server, HarmlessDefaultsAreFine) {
  Served it;
  Client& client = it.connect(chat(
      ",\"n\":1,\"tools\":[],\"tool_choice\":\"none\",\"logprobs\":false,\"response_format\":{ \"type\": \"text\" },"
      "\"presence_penalty\":0,\"frequency_penalty\":0.0,\"logit_bias\":{},\"user\":\"me\",\"top_logprobs\":null,\"store\":false"));
  it.run();
  EXPECT_EQ(client.statuses(), "200 ");
}

TEST(Server, AnAnswerEndsBeforeAStop) {
  const auto answer = [](std::vector<std::string> pieces, const std::string& stop) {
    Served it;
    it.answerer.pieces = std::move(pieces);
    Client& client = it.connect(chat(",\"stop\":" + stop));
    it.run();
    EXPECT_EQ(it.answerer.finished, 1);
    return json_of(body_of(client.told))["choices"].items[0]["message"]["content"].text;
  };
  EXPECT_EQ(answer({"one, t", "wo, three"}, "\"two\""), "one, ");
  EXPECT_EQ(answer({"aaab"}, "[\"ab\"]"), "aa");
  EXPECT_EQ(answer({"xabc", "y"}, "[\"abcd\",\"bc\"]"), "xa");
  EXPECT_EQ(answer({"xab", "c"}, "[\"abcd\"]"), "xabc");
  EXPECT_EQ(answer({"\xe2\x82", "\xac!"}, "\"\xe2\x82\xac\""), "");
  EXPECT_EQ(answer({"ababa", "bac"}, "\"abac\""), "abab");
}

TEST(Server, HalfACharacterAtTheEndIsMarkedAsSuch) {
  Served it;
  it.answerer.pieces = {"a", "\xe2\x82"};
  Client& client = it.connect(chat());
  it.run();
  EXPECT_EQ(json_of(body_of(client.told))["choices"].items[0]["message"]["content"].text, "a\xef\xbf\xbd");
}

TEST(Server, NothingOfAnAnswerIsInTheNext) {
  Served it;
  const auto next = [&](const char* stop) {
    it.answerer.pieces = {"Hi", "!"};
    Client& client = it.connect(chat(std::string(",\"stop\":") + stop));
    it.run();
    return json_of(body_of(client.told))["choices"].items[0]["message"]["content"].text;
  };
  it.answerer.pieces = {"one two"};
  it.connect(chat(",\"stop\":\"two\""));
  it.run();
  EXPECT_EQ(next("\"x\""), "Hi!") << "after a stop";
  it.answerer.pieces = {"half \xe2\x82", "\xac"};
  Client& leaves = it.connect(chat());
  it.server->poll(++it.now);
  it.server->step(++it.now);
  it.server->step(++it.now);
  leaves.has_left = true;
  it.run();
  EXPECT_EQ(next("null"), "Hi!") << "after half a character";
}

TEST(Server, TheRoutes) {
  Served it;
  Client& client = it.connect(get("/health"));
  it.run();
  EXPECT_EQ(body_of(client.told), "{\"status\":\"ok\"}");
  EXPECT_EQ(it.log.all, "");
  client.says = get("/v1/models");
  it.run();
  EXPECT_EQ(json_of(body_of(client.told))["data"].items[0]["id"].text, "model");
  client.says = get("/metrics");
  it.run();
  EXPECT_NE(body_of(client.told).find("llama_requests_total{status=\"2xx\"} 2\n"), std::string::npos);
  client.says = get("/?x=1");
  it.run();
  EXPECT_NE(client.told.find("Content-Encoding: gzip\r\n"), std::string::npos);
  EXPECT_EQ(body_of(client.told), std::string(server::page().data, server::page().size));
  EXPECT_EQ(body_of(client.told).substr(0, 3), "\x1f\x8b\x08");
  client.says = "OPTIONS /v1/models HTTP/1.1\r\nHost: a\r\n\r\n";
  it.run();
  EXPECT_NE(client.told.find("Allow: GET, HEAD, OPTIONS\r\n"), std::string::npos);
  EXPECT_EQ(client.told.find("Access-Control"), std::string::npos);
  client.says = get("/v1/chat/completions");
  it.run();
  client.says = get("/nowhere");
  it.run();
  client.says = "POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\n{}";
  it.run();
  EXPECT_EQ(client.statuses(), "200 200 200 200 204 405 404 415 ");
}

TEST(Server, TheMetricsAreThoseOfNow) {
  Served it;
  it.server->poll(it.now);
  Client& client = it.connect(chat());
  for (int i = 0; i < 5; ++i) {  // the beginning, three pieces, the end
    it.server->poll(it.now);
    it.server->step(it.now);
    it.now += 1500;
  }
  Client& leaves = it.connect(chat());
  it.connect(chat());  // waits
  it.server->poll(it.now);
  leaves.has_left = true;
  it.server->metrics.memory = 4096;
  Client& asks = it.connect(get("/metrics"));
  it.server->poll(it.now += 10);
  EXPECT_EQ(client.statuses(), "200 ");
  EXPECT_EQ(body_of(asks.told),
            "# TYPE llama_requests_total counter\n"
            "llama_requests_total{status=\"2xx\"} 1\nllama_requests_total{status=\"3xx\"} 0\n"
            "llama_requests_total{status=\"4xx\"} 0\nllama_requests_total{status=\"5xx\"} 0\n"
            "# TYPE llama_answers_total counter\nllama_answers_total 1\n"
            "# TYPE llama_answers_abandoned_total counter\nllama_answers_abandoned_total 1\n"
            "# TYPE llama_prompt_tokens_total counter\nllama_prompt_tokens_total 7\n"
            "# TYPE llama_prompt_tokens_cached_total counter\nllama_prompt_tokens_cached_total 3\n"
            "# TYPE llama_tokens_total counter\nllama_tokens_total 3\n"
            "# TYPE llama_first_token_seconds_total counter\nllama_first_token_seconds_total 1.500\n"
            "# TYPE llama_answer_seconds_total counter\nllama_answer_seconds_total 6.000\n"
            "# TYPE llama_connections gauge\nllama_connections 3\n"
            "# TYPE llama_queue_length gauge\nllama_queue_length 1\n"
            "# TYPE llama_memory_bytes gauge\nllama_memory_bytes 4096\n"
            "# TYPE llama_uptime_seconds gauge\nllama_uptime_seconds 7.510\n");
}

TEST(Server, AHeadIsAsThatOfTheWhole) {
  for (const char* path : {"/", "/health", "/v1/models", "/nowhere"}) {
    Served it;
    Client& whole = it.connect(get(path));
    Client& head = it.connect("HEAD" + get(path).substr(3));
    it.run();
    const size_t end = whole.told.find("\r\n\r\n") + 4;
    EXPECT_EQ(head.told, whole.told.substr(0, end)) << path;
    const size_t length = whole.told.find("Content-Length:") + 15;
    EXPECT_EQ(std::stoul(whole.told.substr(length)), whole.told.size() - end) << path;
  }
}

TEST(Server, AKeyIsAskedFor) {
  server::Settings settings;
  settings.api_key = "secret";
  Served it(settings);
  const auto status = [&](const std::string& request) {
    Client& client = it.connect(request);
    it.run();
    return client.statuses();
  };
  for (const char* headers : {"", "Authorization: secret\r\n", "Authorization: Bearer\r\n", "Authorization: Bearer secre\r\n",
                              "Authorization: Bearer secrets\r\n", "Authorization: Bearer secretsecret\r\n",
                              "Authorization: Basic secret\r\n", "Authorization: Bearer sEcret\r\n",
                              "Authorization: Bearer sEcrEt\r\n"})
    EXPECT_EQ(status(chat("", headers)), "401 ") << headers;
  EXPECT_EQ(status(chat("", "Authorization: Bearer secret\r\n")), "200 ");
  EXPECT_EQ(status(get("/v1/models")), "401 ");
  EXPECT_EQ(status(get("/metrics")), "401 ");
  EXPECT_EQ(status(get("/health")), "200 ");
  EXPECT_EQ(status(get("/")), "200 ");
}

TEST(Server, OtherPagesMayAskWhereTheyAreNamed) {
  server::Settings settings;
  settings.cors = "https://example.org";
  Served it(settings);
  Client& client = it.connect("OPTIONS /v1/chat/completions HTTP/1.1\r\nHost: a\r\nOrigin: https://example.org\r\n\r\n" );
  it.run();
  EXPECT_EQ(client.statuses(), "204 ");
  EXPECT_NE(client.told.find("Access-Control-Allow-Origin: https://example.org\r\n"), std::string::npos);
  EXPECT_NE(client.told.find("Access-Control-Allow-Headers: Authorization, Content-Type\r\n"), std::string::npos);
  EXPECT_EQ(client.told.substr(client.told.size() - 4), "\r\n\r\n");
}

TEST(Server, OthersWaitAndThenAreSentAway) {
  server::Settings settings;
  settings.queue = 2;
  Served it(settings);
  std::vector<Client*> all;
  for (int i = 0; i < 5; ++i) {
    all.push_back(&it.connect(chat()));
    it.server->poll(++it.now);
    if (i == 0) it.server->step(++it.now);
  }
  EXPECT_EQ(all[3]->statuses(), "503 ");
  EXPECT_NE(all[3]->told.find("\r\nRetry-After: 5\r\n"), std::string::npos);
  EXPECT_EQ(all[4]->statuses(), "503 ");
  it.run();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(all[size_t(i)]->statuses(), "200 ") << i;
  EXPECT_EQ(it.answerer.begun, 3);
  EXPECT_EQ(it.answerer.finished, 3);
}

TEST(Server, WithoutAQueueOneAtATimeIsAnswered) {
  server::Settings settings;
  settings.queue = 0;
  Served it(settings);
  Client& first = it.connect(chat());
  Client& second = it.connect(chat());
  it.run();
  EXPECT_EQ(first.statuses(), "200 ");
  EXPECT_EQ(second.statuses(), "503 ");
}

TEST(Server, AnyNumberMayBeAskedOneAfterTheOtherOnOneConnection) {
  Served it;
  Client& client = it.connect();
  for (int i = 0; i < 100; ++i) {
    client.told.clear();
    client.says = i % 3 ? chat() : get("/health");
    it.run(10);
    ASSERT_EQ(client.statuses(), "200 ");
  }
  EXPECT_FALSE(client.over());
}

TEST(Server, AConnectionThatIsToCloseClosesAtOnce) {
  Served it;
  Client& client = it.connect(get("/health", "Connection: close\r\n"));
  Client& asks = it.connect(chat("", "Connection: close\r\n"));
  it.run(20);
  EXPECT_TRUE(client.closed);
  EXPECT_TRUE(asks.closed);
  EXPECT_EQ(asks.statuses(), "200 ");
}

TEST(Server, ARequestMayComeByteByByteAndAnAnswerGoSo) {
  Served it;
  Client& client = it.connect(chat(",\"stream\":true"));
  client.reads_at_most = client.takes_at_most = 1;
  it.run(4000);
  EXPECT_EQ(events_of(body_of(client.told)).size(), 5u);
}

TEST(Server, AClientThatGoesAwayStopsItsAnswerAtAnyByte) {
  Served it;
  it.answerer.pieces.assign(20, "word ");
  Client& first = it.connect(chat(",\"stream\":true"));
  it.run();
  const size_t all = first.told.size();
  first.has_left = true;
  it.run();
  for (const bool breaks : {false, true})
    for (size_t n = 0; n < all; n += 7) {
      Client& client = it.connect(chat(",\"stream\":true"));
      client.takes_at_most = 7;
      for (int i = 0; i < 2000 && client.told.size() < n; ++i) it.run(1);
      if (breaks) client.broken = true;
      else client.has_left = true;
      for (int i = 0; i < 2000 && !client.over(); ++i) it.run(1);
      ASSERT_TRUE(client.over()) << n;
      it.run(10);
    }
  EXPECT_EQ(it.server->connections(), 0u);
  EXPECT_EQ(it.answerer.begun, it.answerer.finished);
  EXPECT_EQ(it.connect(get("/health")).told, "");
  it.run();
  EXPECT_EQ(it.clients.back().statuses(), "200 ");
  Client& waits = it.connect(chat());
  Client& leaves = it.connect(chat());
  it.server->poll(++it.now);
  leaves.has_left = true;
  it.run();
  EXPECT_TRUE(leaves.was_reset);
  EXPECT_EQ(waits.statuses(), "200 ");
}

TEST(Server, PipelinedRequestsAreNotAnswered) {
  Served it;
  Client& client = it.connect(get("/health") + get("/health"));
  it.run(1200);
  EXPECT_EQ(client.statuses(), "200 ");
  EXPECT_NE(client.told.find("Connection: close\r\n"), std::string::npos);
  EXPECT_TRUE(client.closed);
  Client& posts = it.connect(chat() + get("/health"));
  it.run(1200);
  EXPECT_EQ(posts.statuses(), "200 ");
  EXPECT_NE(posts.told.find("Connection: close\r\n"), std::string::npos);
  EXPECT_TRUE(posts.closed);
  Client& later = it.connect(chat());
  it.server->poll(++it.now);
  later.says = get("/health");
  it.run(1200);
  EXPECT_EQ(later.statuses(), "200 ");
  EXPECT_TRUE(later.closed);
}

TEST(Server, WhatIsTooSlowEnds) {
  Served it;
  Client& head = it.connect("GET / HT");
  Client& body = it.connect(chat().substr(0, chat().size() - 1));
  Client& idle = it.connect();
  Client& drips = it.connect("G");
  Client& reads = it.connect(get("/"));
  reads.takes_at_most = 0;
  for (int i = 0; i < 200; ++i) {
    it.run(100);
    if (i < 90) drips.says = "G";
  }
  EXPECT_EQ(head.statuses(), "408 ");
  EXPECT_TRUE(head.closed);
  EXPECT_EQ(drips.statuses(), "408 ");
  EXPECT_FALSE(body.over());
  it.run(11000);
  EXPECT_EQ(body.statuses(), "408 ");
  EXPECT_TRUE(reads.was_reset);
  EXPECT_FALSE(idle.over());
  it.run(31000);
  EXPECT_TRUE(idle.closed);
  EXPECT_EQ(idle.told, "");
  EXPECT_EQ(it.server->connections(), 0u);
}

TEST(Server, WhoComesLateHasAsMuchTimeAsTheFirst) {
  Served it;
  it.now += 3'600'000;
  Client& client = it.connect(get("/"));
  client.takes_at_most = 1000;
  it.run(100);
  EXPECT_EQ(body_of(client.told).size(), server::page().size);
  EXPECT_FALSE(client.over());
}

TEST(Server, TheTimeForAHeadBeginsWithItsFirstByte) {
  Served it;
  Client& client = it.connect();
  it.run(5);
  it.now += 59'000;
  client.says = "GET /health HT";
  it.run(5);
  client.says = "TP/1.1\r\nHost: a\r\n\r\n";
  it.run(5);
  EXPECT_EQ(client.statuses(), "200 ");
}

TEST(Server, AClientMayWaitForASlowModel) {
  for (const char* more : {"", ",\"stream\":true"}) {
    Served it;
    Client& client = it.connect(chat(more));
    it.run(2);
    for (int i = 0; i < 100; ++i) it.server->poll(it.now += 1000);  // the model computes a token
    it.run();
    EXPECT_EQ(client.statuses(), "200 ") << more;
    EXPECT_FALSE(client.over()) << more;
  }
}

TEST(Server, AClientThatReadsLateLosesNothing) {
  Served it;
  std::string all;
  it.answerer.pieces.clear();
  for (int i = 0; i < 1000; ++i) all += it.answerer.pieces.emplace_back(std::to_string(i) + ", ");
  Client& client = it.connect(chat());
  Client& streams = it.connect(chat(",\"stream\":true"));
  client.takes_at_most = streams.takes_at_most = 0;
  it.run(2000);
  client.takes_at_most = ~uint64_t{0};
  it.run(2000);
  EXPECT_EQ(json_of(body_of(client.told))["choices"].items[0]["message"]["content"].text, all);
  streams.takes_at_most = 700;
  it.run(2000);
  std::string text;
  const std::vector<Json> events = events_of(body_of(streams.told));
  for (size_t i = 1; i + 1 < events.size(); ++i) text += events[i]["choices"].items[0]["delta"]["content"].text;
  EXPECT_EQ(text, all);
}

TEST(Server, AClientThatDoesNotReadStopsItsAnswer) {
  Served it;
  it.answerer.pieces.assign(2000, std::string(100, 'x'));
  Client& client = it.connect(chat(",\"stream\":true"));
  client.takes_at_most = 0;
  Client& next = it.connect(chat());
  it.run(29000);
  EXPECT_FALSE(client.over());
  it.run(2000);
  EXPECT_TRUE(client.was_reset);
  EXPECT_EQ(it.answerer.begun, 2);
  it.run(5000);
  EXPECT_EQ(next.statuses(), "200 ");
}

TEST(Server, WhereAllConnectionsAreInUseTheIdleOnesEnd) {
  server::Settings settings;
  settings.connections = 4;
  Served it(settings);
  for (int i = 0; i < 4; ++i) it.connect(i % 2 ? "G" : "");
  Client& refused = it.connect(get("/health"));
  EXPECT_TRUE(refused.was_reset);
  it.run(2200);
  EXPECT_LT(it.server->connections(), 4u);
  Client& client = it.connect(get("/health"));
  it.run();
  EXPECT_EQ(client.statuses(), "200 ");
}

TEST(Server, BodiesAreBounded) {
  Served it;
  const auto large = [](size_t n) {
    return "{\"messages\":[{\"role\":\"user\",\"content\":\"\"}],\"user\":\"" + std::string(n, 'u') + "\"}";
  };
  Client& fits = it.connect(post("/v1/chat/completions", large((1 << 20) - 70)));
  it.run(200);
  EXPECT_EQ(fits.statuses(), "200 ");
  Client& big = it.connect(post("/v1/chat/completions", large(1 << 20)));
  it.run(3000);
  EXPECT_EQ(big.statuses(), "413 ");
  EXPECT_TRUE(big.closed);
  const std::string half = post("/v1/chat/completions", large(100000)).substr(0, 90000);
  it.connect(half);
  it.connect(half);
  it.run();
  Client& third = it.connect(post("/v1/chat/completions", large(100000)));
  it.run(20);
  EXPECT_EQ(third.statuses(), "503 ");
  for (Client& client : it.clients) client.has_left = true;
  it.run(2000);
  EXPECT_EQ(it.server->connections(), 0u);
  Client& last = it.connect(post("/v1/chat/completions", large(100000)));
  it.run(200);
  EXPECT_EQ(last.statuses(), "200 ");
  Client& text = it.connect(post("/v1/completions", "{\"prompt\":\"" + std::string(64 * 32 + 1, 'a') + "\"}"));
  it.run();
  EXPECT_EQ(text.statuses(), "400 ");
}

TEST(Server, ALargeBodyNeverComesOverAnothersQuestion) {
  Served it;
  const std::string large =
      post("/v1/chat/completions", "{\"user\":\"" + std::string(100000, 'u') +
                                       "\",\"messages\":[{\"role\":\"user\",\"content\":\"large\"}]}");
  Client& first = it.connect(large);
  it.run();
  EXPECT_EQ(it.answerer.heard, std::vector<std::string>{"user: large"});
  first.says = chat();
  it.server->poll(++it.now);
  it.connect(large);
  it.server->poll(++it.now);
  it.server->step(++it.now);
  EXPECT_EQ(it.answerer.heard, std::vector<std::string>{"user: Hi"});
}

TEST(Server, HeadsAreBounded) {
  Served it;
  Client& client = it.connect("GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(9000, 'x'));
  Client& fits = it.connect(get("/health", "X: " + std::string(8192 - 50, 'x') + "\r\n"));
  it.run(1500);
  EXPECT_EQ(client.statuses(), "431 ");
  EXPECT_TRUE(client.closed);
  EXPECT_EQ(fits.statuses(), "200 ");
}

TEST(Server, AClientMayWaitUntilItsBodyIsAskedFor) {
  Served it;
  const std::string request = chat("", "Expect: 100-continue\r\n");
  const size_t head = request.find("\r\n\r\n") + 4;
  Client& client = it.connect(request.substr(0, head));
  it.run();
  EXPECT_EQ(client.told, "HTTP/1.1 100 Continue\r\n\r\n");
  client.says = request.substr(head);
  it.run();
  EXPECT_EQ(client.statuses(), "100 200 ");
}

TEST(Server, OldClientsAreToldUntilTheConnectionEnds) {
  Served it;
  Client& client = it.connect("POST /v1/chat/completions HTTP/1.0\r\nContent-Type: application/json\r\nContent-Length: 64\r\n\r\n"
                              "{\"stream\":true,\"messages\":[{\"role\":\"user\",\"content\":\"a, b, c\"}]}");
  it.run(1200);
  EXPECT_EQ(client.told.find("chunked"), std::string::npos);
  EXPECT_EQ(events_of(body_of(client.told)).size(), 5u);
  EXPECT_TRUE(client.closed);
}

TEST(Server, ThePersonAtTheConsoleEndsAnAnswer) {
  Served it;
  it.answerer.pieces.assign(1000, "word ");
  Client& client = it.connect(chat());
  it.run(10);
  it.server->stop_answer(it.now);
  it.run(1);
  EXPECT_EQ(json_of(body_of(client.told))["choices"].items[0]["finish_reason"].text, "stop");
  EXPECT_EQ(it.answerer.finished, 1);
}

TEST(Server, WhatCannotBeBegunIsRefused) {
  Served it;
  it.answerer.refuses = "the prompt is too long";
  Client& client = it.connect(chat());
  it.run();
  EXPECT_EQ(client.statuses(), "400 ");
  EXPECT_EQ(message_of(client), "the prompt is too long");
  it.answerer.refuses = "";
  it.answerer.knows_chat = false;
  client.says = chat();
  it.run();
  EXPECT_EQ(client.statuses(), "400 400 ");
  EXPECT_EQ(it.answerer.finished, 0);
}

TEST(Server, EveryResponseHasOneLengthOrNone) {
  Served it;
  for (const std::string& request : {get("/"), get("/health"), chat(), chat(",\"stream\":true"), get("/nowhere"),
                                     std::string("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n"), std::string("x\r\n\r\n")}) {
    Client& client = it.connect(request);
    it.run();
    const std::string head = client.told.substr(0, client.told.find("\r\n\r\n"));
    const bool length = head.find("Content-Length") != std::string::npos, chunks = head.find("chunked") != std::string::npos;
    EXPECT_EQ(length + chunks, client.statuses() == "204 " ? 0 : 1) << head;
  }
}

}  // namespace
