#include "boot/server/http.hpp"

#include <gtest/gtest.h>

#include <string>

namespace {

using http::Method;
using http::Request;

uint16_t status_of(const std::string& text, Request* request = nullptr) {
  static std::string head;  // where the texts of a request lie
  head = text;
  Request own;
  return http::read_head({head.data(), head.size()}, request ? *request : own);
}

/// The status of a GET with these headers.
uint16_t with(const std::string& headers) { return status_of("POST / HTTP/1.1\r\nHost: a\r\n" + headers + "\r\n"); }

std::string string(rt::Text text) { return {text.data, text.size}; }

TEST(ServerHttp, ARequestIsRead) {
  const std::string head =
      "POST /v1/chat/completions?x=1 HTTP/1.1\r\nhOst: 10.0.2.15:8080\r\nContent-Type: Application/JSON; charset=utf-8\r\n"
      "Content-Length:  123 \r\nAuthorization: Bearer key \r\nX-Odd:\r\nExpect: 100-Continue\r\n\r\n";
  Request request;
  ASSERT_EQ(status_of(head, &request), 0);
  EXPECT_EQ(request.method, Method::post);
  EXPECT_EQ(string(request.path), "/v1/chat/completions");
  EXPECT_EQ(string(request.authorization), "Bearer key");
  EXPECT_EQ(request.body_bytes, 123u);
  EXPECT_TRUE(request.is_json && request.keep_alive && request.expects_continue && !request.version_1_0);
}

TEST(ServerHttp, NamesOfHeadersMayBeInCapitals) {
  Request request;
  ASSERT_EQ(status_of("POST / HTTP/1.1\r\nHOST: a\r\nCONTENT-TYPE: APPLICATION/JSON\r\nCONTENT-LENGTH: 5\r\n"
                      "AUTHORIZATION: Bearer key\r\nCONNECTION: CLOSE\r\nEXPECT: 100-CONTINUE\r\n\r\n", &request), 0);
  EXPECT_EQ(string(request.authorization), "Bearer key");
  EXPECT_EQ(request.body_bytes, 5u);
  EXPECT_TRUE(request.is_json && !request.keep_alive && request.expects_continue);
  EXPECT_EQ(with("TRANSFER-ENCODING: chunked\r\n"), 501);
}

TEST(ServerHttp, TheHeadEndsAtItsEmptyLineHoweverItComes) {
  const std::string bytes = "GET / HTTP/1.1\r\nHost: a\r\n\r\nbody\r\n\r\n";
  const uint64_t end = bytes.find("body");
  EXPECT_EQ(http::find_head_end({bytes.data(), bytes.size()}, 0), end);
  uint64_t seen = 0, found = 0;
  for (uint64_t n = 0; n <= bytes.size() && !found; seen = n++) found = http::find_head_end({bytes.data(), n}, seen);
  EXPECT_EQ(found, end);
  EXPECT_EQ(http::find_head_end("GET / HTTP/1.1\n\n", 0), 0u);
}

TEST(ServerHttp, MethodsAndTargets) {
  Request request;
  EXPECT_EQ(status_of("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n", &request), 0);
  EXPECT_EQ(request.method, Method::head);
  EXPECT_EQ(status_of("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", &request), 0);
  EXPECT_EQ(request.method, Method::options);
  EXPECT_EQ(status_of("DELETE /x HTTP/1.1\r\nHost: a\r\n\r\n", &request), 0);
  EXPECT_EQ(request.method, Method::other);
  EXPECT_EQ(status_of("GET http://a:80/health?x HTTP/1.1\r\nHost: a\r\n\r\n", &request), 0);
  EXPECT_EQ(string(request.path), "/health");
  EXPECT_EQ(status_of("GET http://a HTTP/1.1\r\nHost: a\r\n\r\n", &request), 0);
  EXPECT_EQ(string(request.path), "/");
  for (const char* line : {"GET * HTTP/1.1", "GET x HTTP/1.1", "GET  / HTTP/1.1", " GET / HTTP/1.1", "GET /", "GET / HTTP/1.1 ",
                           "GET / http/1.1", "GET / HTTP/11", "G@T / HTTP/1.1", "GET /\x01 HTTP/1.1", "GET /\xff HTTP/1.1",
                           "GET /#a HTTP/1.1", "", "GET / HTTP/1.1\r", "CONNECT a:80 HTTP/1.1", "GET\t/ HTTP/1.1"})
    EXPECT_EQ(status_of(std::string(line) + "\r\nHost: a\r\n\r\n"), 400) << line;
  EXPECT_EQ(status_of("GET / HTTP/2.0\r\nHost: a\r\n\r\n"), 505);
  EXPECT_EQ(status_of("GET / HTTP/1.2\r\nHost: a\r\n\r\n"), 505);
}

TEST(ServerHttp, ConnectionsStayWhereBothSidesWantIt) {
  Request request;
  const auto keeps = [&](const std::string& version, const std::string& header) {
    EXPECT_EQ(status_of("GET / HTTP/" + version + "\r\nHost: a\r\n" + header + "\r\n", &request), 0);
    return request.keep_alive;
  };
  EXPECT_TRUE(keeps("1.1", ""));
  EXPECT_FALSE(keeps("1.1", "Connection: Close\r\n"));
  EXPECT_FALSE(keeps("1.1", "Connection: x, close\r\n"));
  EXPECT_FALSE(keeps("1.0", ""));
  EXPECT_TRUE(keeps("1.0", "Connection: Keep-Alive\r\n"));
}

TEST(ServerHttp, WhatTwoReadersCouldUnderstandDifferentlyIsRefused) {
  const char* const pairs[] = {
      "Content-Length: 5\r\nContent-Length: 5\r\n",
      "Content-Length: 5\r\nContent-Length: 6\r\n",
      "Content-Length: 5, 5\r\n",
      "Content-Length: +5\r\n",
      "Content-Length: -1\r\n",
      "Content-Length: 0x5\r\n",
      "Content-Length: 5 5\r\n",
      "Content-Length: \r\n",
      "Content-Length: 99999999999999999999\r\n",
      "Content-Length: 18446744073709551621\r\n",
      "Content-Length : 5\r\n",
      " Content-Length: 5\r\n",
      "Content-Length\r\n: 5\r\n",
      "X: a\r\n continued\r\n",
      "X: a\r\n\tcontinued\r\n",
      "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
      "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
      "Transfer-Encoding: identity\r\nContent-Length: 5\r\n",
      "Transfer-Encoding : chunked\r\n",
      "Transfer-Encoding\x0b: chunked\r\n",
      "X: a\nTransfer-Encoding: chunked\r\n",
      "X: a\rTransfer-Encoding: chunked\r\n",
      "X: a\r\r\nY: b\r\n",
      "X: \x01\r\n",
      "X: a\x7f\r\n",
      "X\xc3\xa9: a\r\n",
      "Host: b\r\n",
      "noheader\r\n",
      ": empty\r\n",
      "Authorization: a\r\nAuthorization: b\r\n",
  };
  for (const char* headers : pairs) EXPECT_EQ(with(headers), 400) << headers;
  EXPECT_EQ(with(std::string("X: a\0b\r\n", 8)), 400);
  for (const char* coding : {"chunked", "gzip, chunked", "identity", "xchunked", "", "chunked\r\nTransfer-Encoding: chunked"})
    EXPECT_EQ(with("Transfer-Encoding: " + std::string(coding) + "\r\n"), 501) << coding;
  EXPECT_EQ(status_of("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"), 400);
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\n\r\n"), 400);
  EXPECT_EQ(status_of("GET / HTTP/1.0\r\n\r\n"), 0);
  EXPECT_EQ(with("Expect: something\r\n"), 417);
}

TEST(ServerHttp, HeadersAndBodiesAreBounded) {
  std::string headers;
  for (uint32_t i = 1; i < http::kHeaders; ++i) headers += "X: a\r\n";
  EXPECT_EQ(with(headers), 0);
  EXPECT_EQ(with(headers + "X: a\r\n"), 431);
  EXPECT_EQ(with("Content-Length: 1048576\r\n"), 0);
  EXPECT_EQ(with("Content-Length: 1048577\r\n"), 413);
  EXPECT_EQ(with("Content-Length: 999999999999999999\r\n"), 413);
}

TEST(ServerHttp, StatusesHaveReasons) {
  EXPECT_STREQ(http::reason(404), "Not Found");
  EXPECT_STREQ(http::reason(599), "Error");
}

}  // namespace
