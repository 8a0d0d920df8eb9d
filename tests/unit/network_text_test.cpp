// What the network says, read without a network: URLs, heads of answers, device paths.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "boot/platform/network/answer.hpp"
#include "boot/platform/network/boot_path.hpp"
#include "boot/platform/network/url.hpp"

namespace {

using platform::Answer;
using platform::Url;

std::string string_of(rt::Text text) { return {text.data, text.size}; }

TEST(Url, IsTakenApart) {
  rt::Result<Url> url = platform::read_url("http://10.0.2.2:8000/a/b.gguf?x=1");
  ASSERT_TRUE(bool(url));
  EXPECT_EQ(string_of(url->host), "10.0.2.2:8000");
  EXPECT_EQ(string_of(url->name), "10.0.2.2");
  EXPECT_EQ(string_of(url->path), "/a/b.gguf?x=1");
  EXPECT_EQ(url->port, 8000);
  ASSERT_TRUE(url->is_address);
  EXPECT_TRUE((url->address == uefi::Ip4Address{{10, 0, 2, 2}}));
  url = platform::read_url("HTTP://server.example");
  ASSERT_TRUE(bool(url));
  EXPECT_EQ(string_of(url->path), "/");
  EXPECT_EQ(url->port, 80);
  EXPECT_FALSE(url->is_address);
}

TEST(Url, IsRefusedWhereItCannotBeMeant) {
  for (const char* wrong : {"", "http:/x", "http://", "http:///a", "http://:80/a", "https://h/a", "ftp://h/a", "http://h:0/a",
                            "http://h:65536/a", "http://h:+80/a", "http://h:/a", "http://h:8x/a", "http://me@h/a",
                            "http://[::1]/a", "http://h/a b", "http://h/\xc3\xa9", "http://h/a#b", "http://h/\r\nX: y"})
    EXPECT_FALSE(bool(platform::read_url(wrong))) << wrong;
}

TEST(Url, ItsFaultIsSaidHoweverLongItIs) {
  const std::string longest = "https://" + std::string(5000, 'a');
  const rt::Result<Url> url = platform::read_url({longest.data(), longest.size()});
  ASSERT_FALSE(bool(url));
  EXPECT_NE(std::string(url.error().text).find("only http:// can be read"), std::string::npos) << url.error().text;
}

TEST(Url, AnAddressIsFourNumbers) {
  uefi::Ip4Address address{};
  EXPECT_TRUE(platform::read_address("0.10.255.1", address));
  for (const char* wrong : {"", "1.2.3", "1.2.3.4.5", "1.2.3.256", "1.2.3.", "01.2.3.4", "1.2.3.-4", "1.2.3.4 ", "a.b.c.d", "1..2.3",
                            "1.2.3.0000"})
    EXPECT_FALSE(platform::read_address(wrong, address)) << wrong;
}

TEST(Url, FolderAndKind) {
  EXPECT_EQ(string_of(platform::url_folder("http://h:8/a/b/llama.efi")), "http://h:8/a/b/");
  EXPECT_EQ(string_of(platform::url_folder("http://h/llama.efi?of=a/b")), "http://h/");
  EXPECT_EQ(string_of(platform::url_folder("http://h")), "");
  EXPECT_EQ(string_of(platform::url_folder("\\models\\a")), "");
  EXPECT_TRUE(platform::is_url("https://x"));
  EXPECT_FALSE(platform::is_url("\\models\\http://x"));
  EXPECT_FALSE(platform::is_url("://x"));
}

Answer answer_of(const char* head) {
  Answer answer;
  EXPECT_TRUE(platform::read_answer(head, answer)) << head;
  return answer;
}

TEST(Answer, SaysStatusAndLength) {
  Answer answer = answer_of("HTTP/1.1 200 OK\r\ncontent-LENGTH:  98765432109 \r\nX: y\r\n\r\n");
  EXPECT_EQ(answer.status, 200u);
  EXPECT_TRUE(answer.has_length);
  EXPECT_EQ(answer.length, 98765432109u);
  EXPECT_FALSE(answer.chunked);
  answer = answer_of("HTTP/1.0 302 Found\nLocation: /other\n\n");
  EXPECT_EQ(string_of(answer.location), "/other");
  EXPECT_EQ(string_of(answer_of("HTTP/1.1 302 FOUND\r\nLOCATION: /OTHER\r\n\r\n").location), "/OTHER");
  EXPECT_TRUE(answer_of("HTTP/1.1 200 OK\r\nTRANSFER-ENCODING: CHUNKED\r\n\r\n").chunked);
  EXPECT_FALSE(answer.has_length);
  EXPECT_TRUE(answer_of("HTTP/1.1 200\r\nTransfer-Encoding: gzip, chunked\r\n\r\n").chunked);
  EXPECT_TRUE(answer_of("HTTP/1.1 200\r\nContent-Encoding: gzip\r\n\r\n").chunked);
  EXPECT_FALSE(answer_of("HTTP/1.1 200\r\nTransfer-Encoding: Identity\r\n\r\n").chunked);
  EXPECT_TRUE(answer_of("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n").has_length);
}

TEST(Answer, OfWhatIsNoWebServerIsRefused) {
  for (const char* wrong : {"", "\r\n\r\n", "SSH-2.0-OpenSSH\r\n\r\n", "HTTP/2 200\r\n\r\n", "HTTP/1.1 20 OK\r\n\r\n",
                            "HTTP/1.1 099 no\r\n\r\n", "HTTP/1.1 2000 no\r\n\r\n", "HTTP/1.1  200\r\n\r\n", "HTTP/1.1 -20\r\n\r\n",
                            "HTTP/1.1 200 OK\r\nContent-Length: +5\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\n\r\n",
                            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
                            "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n",
                            "HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\n", "HTTP/1.1 200 OK\r\nno colon\r\n\r\n"}) {
    Answer answer;
    EXPECT_FALSE(platform::read_answer(wrong, answer)) << wrong;
  }
}

TEST(Answer, EndsWithAnEmptyLine) {
  EXPECT_EQ(platform::head_size("HTTP/1.1 200 OK\r\n\r\nbody"), 19u);
  EXPECT_EQ(platform::head_size("HTTP/1.1 200 OK\n\nbody"), 17u);
  EXPECT_EQ(platform::head_size("HTTP/1.1 200 OK\r\nA: b\r\n\r"), 0u);
  EXPECT_EQ(platform::head_size(""), 0u);
}

using Bytes = std::vector<uint8_t>;

void add(Bytes& path, uint8_t type, uint8_t sub_type, const std::string& data) {
  const uint64_t length = data.size() + 4;
  path.insert(path.end(), {type, sub_type, uint8_t(length), uint8_t(length >> 8)});
  path.insert(path.end(), data.begin(), data.end());
}

/// What HTTP Boot leaves: a card, an address, name servers, the URL.
Bytes http_path(const std::string& url) {
  Bytes path;
  add(path, 2, 1, std::string(8, 0));
  add(path, 3, 11, std::string(33, 0));
  add(path, 3, 12, std::string("\x0a\0\x02\x0f", 4) + std::string(11, 0) + std::string("\x0a\0\x02\x02\xff\xff\xff\0", 8));
  add(path, 3, 31, std::string("\0\x0a\0\x02\x03", 5) + std::string(12, 0));
  add(path, 3, 24, url);
  return path;
}

platform::BootPath read(const Bytes& path) { return platform::read_boot_path({path.data(), path.size()}); }

TEST(BootPath, HasTheUrlAndTheAddressOfHttpBoot) {
  const Bytes path = http_path("http://10.0.2.2:8000/x.efi");
  const platform::BootPath found = read(path);
  EXPECT_TRUE(found.network);
  EXPECT_EQ(string_of(found.uri), "http://10.0.2.2:8000/x.efi");
  ASSERT_TRUE(found.has_address);
  EXPECT_TRUE((found.address == uefi::Ip4Address{{10, 0, 2, 15}}));
  EXPECT_TRUE((found.gateway == uefi::Ip4Address{{10, 0, 2, 2}}));
  EXPECT_TRUE((found.mask == uefi::Ip4Address{{255, 255, 255, 0}}));
  EXPECT_TRUE((found.name_server == uefi::Ip4Address{{10, 0, 2, 3}}));
}

TEST(DhcpOption, IsFoundBetweenOthersAndWithinThePacket) {
  const Bytes options = {53, 1, 5, 0, 0, 6, 8, 10, 0, 2, 3, 10, 0, 2, 4, 3, 4, 10, 0, 2, 2, 255, 1, 4, 9, 9, 9, 9};
  const auto option = [&](uint8_t code, uint64_t n) { return platform::dhcp_address({options.data(), n}, code); };
  EXPECT_TRUE((option(6, options.size()) == uefi::Ip4Address{{10, 0, 2, 3}}));
  EXPECT_TRUE((option(3, options.size()) == uefi::Ip4Address{{10, 0, 2, 2}}));
  for (const uint8_t code : {1, 53, 66}) EXPECT_TRUE(option(code, options.size()) == uefi::Ip4Address{}) << int(code);
  for (uint64_t n = 0; n < 15; ++n) EXPECT_TRUE(option(6, n) == uefi::Ip4Address{}) << n;
}

TEST(BootPath, IsReadAsFarAsItIsWhole) {
  const Bytes whole = http_path("http://h/x");
  for (uint64_t n = 0; n < whole.size(); ++n) EXPECT_TRUE(read(Bytes(whole.begin(), whole.begin() + int64_t(n))).uri.empty()) << n;
  Bytes broken = whole;
  broken[2] = 3;  // shorter than its own head
  EXPECT_FALSE(read(broken).network);
  Bytes ended;
  add(ended, 0x7f, 0xff, "");
  ended.insert(ended.end(), whole.begin(), whole.end());
  EXPECT_FALSE(read(ended).network);
}

TEST(BootPath, OfFirmwareEndsWithinReason) {
  Bytes path = http_path("http://h/x");
  const uint64_t size = path.size();
  add(path, 0x7f, 0xff, "");
  EXPECT_EQ(platform::path_bytes(reinterpret_cast<const uefi::DevicePathProtocol*>(path.data())).count, size);
  Bytes endless;
  for (int i = 0; i < 300; ++i) add(endless, 3, 11, std::string(33, 0));
  EXPECT_TRUE(platform::path_bytes(reinterpret_cast<const uefi::DevicePathProtocol*>(endless.data())).empty());
  EXPECT_TRUE(platform::path_bytes(nullptr).empty());
}

}  // namespace
