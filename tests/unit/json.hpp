#pragma once
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include "rt/utf.hpp"

namespace test {

/// JSON, as far as golden files need it.
struct Json {
  std::string text;  // a string's, or a number's or a word's as it stands
  std::vector<Json> items;
  std::map<std::string, Json> members;

  const Json& operator[](const std::string& name) const { return members.at(name); }
  long number() const { return std::strtol(text.c_str(), nullptr, 10); }
  std::vector<uint32_t> numbers() const {
    std::vector<uint32_t> all;
    for (const Json& item : items) all.push_back(uint32_t(item.number()));
    return all;
  }
};

class JsonReader {
 public:
  explicit JsonReader(const std::string& text) : at_(text.c_str()) {}

  Json value() {
    Json json;
    switch (peek()) {
      case '{':
        list('}', [&] {
          const std::string name = string();
          expect(':');
          json.members[name] = value();
        });
        break;
      case '[': list(']', [&] { json.items.push_back(value()); }); break;
      case '"': json.text = string(); break;
      default:
        while (*at_ && !std::strchr(",]} \n", *at_)) json.text += *at_++;
    }
    return json;
  }

 private:
  char peek() {
    while (*at_ == ' ' || *at_ == '\n') ++at_;
    return *at_;
  }
  void expect(char c) {
    if (peek() != c) throw std::runtime_error(std::string("JSON: no ") + c + " at " + std::string(at_).substr(0, 20));
    ++at_;
  }
  template <class Item>
  void list(char end, Item item) {
    ++at_;
    while (peek() != end) {
      item();
      if (peek() != end) expect(',');
    }
    ++at_;
  }
  char32_t unit() {
    const char32_t c = char32_t(std::stoul(std::string(at_, 4), nullptr, 16));
    at_ += 4;
    return c;
  }
  std::string string() {
    expect('"');
    std::string out;
    while (*at_ != '"') {
      if (*at_ != '\\') {
        out += *at_++;
        continue;
      }
      const char c = at_[1];
      at_ += 2;
      if (c == 'u') {
        char32_t code = unit();
        if (code >> 10 == 0xd800 >> 10) at_ += 2, code = 0x10000 + ((code & 0x3ff) << 10) + (unit() & 0x3ff);
        char bytes[4];
        out.append(bytes, size_t(rt::encode_utf8(code, bytes)));
      } else {
        out += c == 'n' ? '\n' : c == 't' ? '\t' : c == 'r' ? '\r' : c == 'b' ? '\b' : c == 'f' ? '\f' : c;
      }
    }
    ++at_;
    return out;
  }

  const char* at_;
};

inline Json read_json(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  return JsonReader(text).value();
}

}  // namespace test
