#include "boot/server/json.hpp"

#include <gtest/gtest.h>

#include <string>

#include "tests/unit/exact.hpp"

namespace {

using json::Kind;
using json::Value;

/// A text in a heap block of just its size, and the zero behind it.
class Text {
 public:
  explicit Text(const std::string& text) : bytes_(text.size() + 1), size_(text.size()) {
    std::memcpy(bytes_.data(), text.c_str(), text.size() + 1);
  }
  rt::Text text() const { return {bytes_.data(), size_}; }

 private:
  test::Exact<char> bytes_;
  uint64_t size_;
};

bool accepts(const std::string& text) { return bool(json::read(Text(text).text())); }

std::string string_of(Value value) {
  std::string text(value.string_size(), '\0');
  EXPECT_EQ(value.string(text.data()), text.data() + text.size());
  return text;
}

class Collector final : public rt::Sink {
 public:
  void write(rt::Text text) override { all.append(text.data, text.size); }
  std::string all;
};

std::string escaped(const std::string& text) {
  Collector out;
  json::write_escaped(out, {text.data(), text.size()});
  return out.all;
}

using namespace std::string_literals;

// The cases follow those of the public suite (n_, y_ and i_ there), in texts of our own.
TEST(ServerJson, WhatIsRightIsAccepted) {
  for (const std::string& text :
       {"[]"s, "{}"s, " [ ] "s, "\t{\r\n}\n"s, "[[]]"s, "[[] ,[]]"s, "[\"\"]"s, "[null]"s, "[false,true]"s, "[1]"s, "[-0]"s, "[0]"s,
        "[123]"s, "[-1]"s, "[20e1]"s, "[0e+1]"s, "[0e1]"s, "[1E22]"s, "[1E-2]"s, "[1E+2]"s, "[123e45]"s, "[123.456e78]"s,
        "[-0.000000000000000000000000000000000000000000000000000000000000000000000000000001]"s, "[123.456789]"s, "[1,null,null,2]"s,
        "[ 4]"s, "[1 ]"s, "[null, 1, \"1\", {}]"s, "{\"a\":1}"s, "{\"\":0}"s, "{\"a\":[]}"s, "{\"a\\u0000b\":1}"s,
        "{\"min\":-1.0e+28,\"max\":1.0e+28}"s, "{\"a\":{\"a\":{\"a\":1}}}"s, "[{\"a\":1},{\"a\":1}]"s, "{\"a\":1,\"A\":2}"s,
        "[\"\\u0060\\u012a\\u12AB\"]"s, "[\"\\ud801\\udc37\"]"s, "[\"\\uD83D\\uDe39\\ud83d\\udc8d\"]"s, "[\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"]"s,
        "[\"\\\\u0000\"]"s, "[\"\\\\a\"]"s, "[\"\\u0000\"]"s, "[\"\\u005C\"]"s, "[\"\\u0022\"]"s, "[\"\\uFFFF\"]"s, "[\"\\uDBFF\\uDFFF\"]"s,
        "[\"a/*b*/c/*d//e\"]"s, "[\"\x7f\"]"s, "[\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"]"s, "[\"\xef\xbf\xbd\"]"s, "[\"\xef\xbf\xbf\"]"s,
        "[\"\xe2\x80\xa8\xe2\x80\xa9\"]"s, "[\"\xf4\x8f\xbf\xbf\"]"s, "\"asd\""s, "42"s, "-0.1"s, "true"s, "null"s, "\"\""s, " 1 "s})
    EXPECT_TRUE(accepts(text)) << text;
}

TEST(ServerJson, WhatIsWrongIsRefused) {
  for (const std::string& text :
       {""s, " "s, "["s, "]"s, "{"s, "}"s, "[1 true]"s, "[a\xe5]"s, "[\"\": 1]"s, "[\"\"],"s, "[,1]"s, "[1,,2]"s, "[\"x\",,]"s,
        "[\"x\"]]"s, "[\"\",]"s, "[\"x\""s, "[x"s, "[3[4]]"s, "[1:2]"s, "[,]"s, "[-]"s, "[   , \"\"]"s, "[\"a\",\n4\n,1,"s, "[1,]"s,
        "[*]"s, "[fals]"s, "[nul]"s, "[tru]"s, "[True]"s, "[++1234]"s, "[+1]"s, "[+Inf]"s, "[-01]"s, "[-1.0.]"s, "[-2.]"s, "[-NaN]"s,
        "[.-1]"s, "[.2e-3]"s, "[0.1.2]"s, "[0.3e+]"s, "[0.3e]"s, "[0.e1]"s, "[0E+]"s, "[0E]"s, "[0e]"s, "[1.0e+]"s, "[1.0e-]"s, "[1.0e]"s,
        "[1 000.0]"s, "[1eE2]"s, "[2.e+3]"s, "[2.e-3]"s, "[2.e3]"s, "[9.e+]"s, "[Inf]"s, "[NaN]"s, "[\xef\xbc\x91]"s, "[1+2]"s, "[0x1]"s,
        "[0x42]"s, "[Infinity]"s, "[0e+-1]"s, "[-123.123foo]"s, "[-Infinity]"s, "[-foo]"s, "[- 1]"s, "[-012]"s, "[-.123]"s, "[-1x]"s,
        "[1ea]"s, "[1e\xe5]"s, "[1.]"s, "[.123]"s, "[1.2a-3]"s, "[1.8011670033376514H-308]"s, "[012]"s, "[\"x\", truth]"s,
        "{[: \"x\"}\n"s, "{\"x\", null}"s, "{\"x\"::\"b\"}"s, "{\"a\":\"a\" 123}"s, "{key: 'value'}"s, "{\"a\" b}"s, "{:\"b\"}"s,
        "{\"a\" \"b\"}"s, "{\"a\":"s, "{\"a\""s, "{1:1}"s, "{9999E9999:1}"s, "{null:null,null:null}"s, "{\"id\":0,,,,,}"s, "{'a':0}"s,
        "{\"id\":0,}"s, "{\"a\":\"b\"}/**/"s, "{\"a\":\"b\"}//"s, "{\"a\":\"b\",,\"c\":\"d\"}"s, "{a: \"b\"}"s, "{\"a\":\"a"s,
        "{ \"foo\" : \"bar\", \"a\" }"s, "{\"a\":\"b\"}#"s, "[\"\\uD800\\\"]"s, "[\"\\uD800\\u\"]"s, "[\"\\uD800\\u1\"]"s,
        "[\"\\uD800\\u1x\"]"s, "[\\u00e9]"s, "[\"\\\x00\"]"s, "[\"\\\\\\\"]"s, "[\"\\\t\"]"s, "[\"\\x00\"]"s, "[\"\\\xf0\x9f\x8c\x80\"]"s,
        "[\"\\\"]"s, "[\"\\u00A\"]"s, "[\"\\uD834\\uDd\"]"s, "[\"\\uD800\\uD800\\x\"]"s, "[\"\\a\"]"s, "[\"\\uqqqq\"]"s, "[\"\\\xe5\"]"s,
        "[\"\\u\xe5\"]"s, "[\"\x80\"]"s, "[\"\xc3\"]"s, "[\xe9]"s, "['single quote']"s, "abc"s, "[\""s, "[\"a\x00" "a\"]"s, "[\"new\nline\"]"s,
        "[\"\t\"]"s, "\"x\"#"s, "<.>"s, "[<null>]"s, "[1]x"s, "[1]]"s, "[\"asd]"s, "aé"s, "[True]"s, "1]"s, "{\"x\": true,"s, "[][]"s,
        "{\"a\":/*c*/\"b\"}"s, "{\"a\": true} \"x\""s, "[\f]"s, "[\v1]"s, "[1,\xa0" "2]"s, "\xef\xbb\xbf{}"s, "[\xe2\x81\xa0]"s,
        "[\"\\ud800\"]"s, "[\"\\udc00\"]"s, "[\"\\ud800abc\"]"s, "[\"\\ud800\\ud800\\n\"]"s, "[\"\\uDd1ea\"]"s,
        "[\"\xed\xa0\x80\"]"s, "[\"\xc0\xaf\"]"s, "[\"\xf4\xbf\xbf\xbf\"]"s, "[\"\xfc\x80\x80\x80\x80\x80\"]"s, "[\"\xe9\"]"s, "[\"\xff\"]"s,
        "[\"\xe6\x97\xa5\xd1\x88\xfa\"]"s, "\0"s, "[\0]"s, "[1\0]"s, "[\"a\" \0]"s, "\"\\"s, "[\"\\u12\""s, "[\"\\ud801\\udc3"s})
    EXPECT_FALSE(accepts(text)) << text;
}

TEST(ServerJson, EveryBeginningOfATextIsRefused) {
  const std::string text = "{\"messages\":[{\"role\":\"us\\u00e9r\",\"c\xc3\xa9\":[1.5e3,true,null,\"\\ud83d\\ude00\"]}],\"n\":-1}";
  ASSERT_TRUE(accepts(text));
  for (size_t n = 0; n < text.size(); ++n) EXPECT_FALSE(accepts(text.substr(0, n))) << n;
}

TEST(ServerJson, ANameStandsOnceInAnObject) {
  EXPECT_FALSE(accepts("{\"a\":1,\"b\":2,\"a\":3}"));
  EXPECT_FALSE(accepts("{\"a\":1,\"\\u0061\":3}"));
  EXPECT_FALSE(accepts("{\"x\":{\"a\":1,\"b\":{},\"a\":1}}"));
  EXPECT_TRUE(accepts("{\"a\":{\"a\":{\"b\":0}},\"b\":{\"a\":0}}"));
}

TEST(ServerJson, DepthAndNamesAreBounded) {
  const auto nested = [](uint32_t n) { return std::string(n, '[') + std::string(n, ']'); };
  EXPECT_TRUE(accepts(nested(json::kMostDepth)));
  EXPECT_FALSE(accepts(nested(json::kMostDepth + 1)));
  EXPECT_FALSE(accepts(std::string(1000000, '[')));
  const auto object = [](uint32_t n) {
    std::string text = "{\"\":0";
    for (uint32_t i = 1; i < n; ++i) text += ",\"" + std::to_string(i) + "\":0";
    return text + "}";
  };
  EXPECT_TRUE(accepts(object(json::kMostNames)));
  EXPECT_FALSE(accepts(object(json::kMostNames + 1)));
  EXPECT_TRUE(accepts("[" + object(json::kMostNames) + "," + object(json::kMostNames) + "]"));
}

TEST(ServerJson, AnErrorSaysWhere) {
  const Text text("{\"a\": nul}");
  const auto read = json::read(text.text());
  ASSERT_FALSE(read);
  EXPECT_STREQ(read.error().text, "the JSON is wrong at byte 6: a value is wanted");
}

TEST(ServerJson, AValueIsWalkedWhereItStands) {
  const Text text("{ \"a\" : [ 1 , {\"x\":[\"]\"]} , \"t\\\"wo\", [] ] , \"b\\u0062\":false,\"c\":null , \"d\":-1.5e3}");
  const Value root = *json::read(text.text());
  EXPECT_EQ(root.kind(), Kind::object);
  std::string kinds;
  for (Value item = root.member("a").first(); item; item = item.next()) kinds += char('0' + int(item.kind()));
  EXPECT_EQ(kinds, "4132");
  EXPECT_EQ(string_of(root.member("a").first().next().next()), "t\"wo");
  EXPECT_EQ(root.member("bb").kind(), Kind::boolean);
  EXPECT_EQ(root.member("c").kind(), Kind::null);
  EXPECT_TRUE(root.member("d").raw() == "-1.5e3");
  EXPECT_EQ(root.member("e").kind(), Kind::none);
  EXPECT_EQ(root.member("d").member("x").kind(), Kind::none);
  EXPECT_FALSE(root.member("a").first().first());
  const Text lonely("17");
  EXPECT_TRUE(json::read(lonely.text())->raw() == "17");
  EXPECT_FALSE(json::read(lonely.text())->next());
}

TEST(ServerJson, StringsLoseTheirEscapesInPlace) {
  std::string text = "[\"\\u0041\\n\\ud83d\\ude00\\u20ac\\u00e9\\/\xc3\xa9\"]";
  const Value item = json::read({text.data(), text.size()})->first();
  EXPECT_EQ(string_of(item), "A\n\xf0\x9f\x98\x80\xe2\x82\xac\xc3\xa9/\xc3\xa9");
  char* const end = item.string(text.data());
  EXPECT_EQ(text.substr(0, size_t(end - text.data())), "A\n\xf0\x9f\x98\x80\xe2\x82\xac\xc3\xa9/\xc3\xa9");
  const Text other("[\"\\u006dodel\"]");
  EXPECT_TRUE(json::read(other.text())->first().equals("model"));
  EXPECT_FALSE(json::read(other.text())->first().equals("mode"));
  EXPECT_FALSE(json::read(other.text())->first().equals("models"));
}

TEST(ServerJson, WhatIsWrittenCanBeRead) {
  EXPECT_EQ(escaped("a\"b\\c/\b\f\n\r\t\x01\x1f"s), "a\\\"b\\\\c/\\b\\f\\n\\r\\t\\u0001\\u001f");
  EXPECT_EQ(escaped("\0"s), "\\u0000");
  EXPECT_EQ(escaped("\xc3\xa9\xf0\x9f\x98\x80"), "\xc3\xa9\xf0\x9f\x98\x80");
  EXPECT_EQ(escaped("a\xff" "b\xc3"), "a\xef\xbf\xbd" "b\xef\xbf\xbd");
  std::string all;
  for (int c = 0; c < 0x80; ++c) all += char(c);
  const Text text("[\"" + escaped(all) + "\"]");
  EXPECT_EQ(string_of(json::read(text.text())->first()), all);
}

}  // namespace
