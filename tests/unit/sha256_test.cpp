#include "rt/sha256.hpp"

#include <gtest/gtest.h>

#include <string>

namespace {

rt::Span<const uint8_t> bytes_of(const std::string& text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

std::string hex(const rt::Digest& digest) {
  char out[65];
  const rt::Text text = rt::to_hex(digest, out);
  EXPECT_EQ(out[64], 0);
  return std::string(text.data, text.size);
}

std::string hash(const std::string& text) {
  rt::Sha256 sha;
  sha.update(bytes_of(text));
  return hex(sha.finish());
}

// FIPS 180-4's examples, and lengths around the end of a block as sha256sum gives them.
TEST(Sha256, GivesTheStandardsExamples) {
  EXPECT_EQ(hash("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(hash(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(hash("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(hash(std::string(1'000'000, 'a')),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256, PadsLengthsAroundABlocksEnd) {
  EXPECT_EQ(hash(std::string(1, 'a')),
            "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb");
  EXPECT_EQ(hash(std::string(54, 'a')),
            "a3f01b6939256127582ac8ae9fb47a382a244680806a3f613a118851c1ca1d47");
  EXPECT_EQ(hash(std::string(55, 'a')),
            "9f4390f8d30c2dd92ec9f095b65e2b9ae9b0a925a5258e241c9f1e910f734318");
  EXPECT_EQ(hash(std::string(56, 'a')),
            "b35439a4ac6f0948b6d6f9e3c6af0f5f590ce20f1bde7090ef7970686ec6738a");
  EXPECT_EQ(hash(std::string(57, 'a')),
            "f13b2d724659eb3bf47f2dd6af1accc87b81f09f59f2b75e5c0bed6589dfe8c6");
  EXPECT_EQ(hash(std::string(63, 'a')),
            "7d3e74a05d7db15bce4ad9ec0658ea98e3f06eeecf16b4c6fff2da457ddc2f34");
  EXPECT_EQ(hash(std::string(64, 'a')),
            "ffe054fe7ae0cb6dc65c3af9b61d5209f439851db43d0ba5997337df154668eb");
  EXPECT_EQ(hash(std::string(65, 'a')),
            "635361c48bb9eab14198e76ea8ab7f1a41685d6ad62aa9146d301d4f17eb0ae0");
  EXPECT_EQ(hash(std::string(119, 'a')),
            "31eba51c313a5c08226adf18d4a359cfdfd8d2e816b13f4af952f7ea6584dcfb");
  EXPECT_EQ(hash(std::string(120, 'a')),
            "2f3d335432c70b580af0e8e1b3674a7c020d683aa5f73aaaedfdc55af904c21c");
  EXPECT_EQ(hash(std::string(127, 'a')),
            "c57e9278af78fa3cab38667bef4ce29d783787a2f731d4e12200270f0c32320a");
  EXPECT_EQ(hash(std::string(128, 'a')),
            "6836cf13bac400e9105071cd6af47084dfacad4e5e302c94bfed24e013afb73e");
}

TEST(Sha256, DoesNotCareHowTheBytesAreSplit) {
  std::string text;
  for (int i = 0; i < 300; ++i) text += char(i * 7);
  const std::string whole = hash(text);
  for (size_t first = 0; first <= text.size(); ++first)
    for (const size_t second : {size_t{0}, size_t{1}, size_t{63}, size_t{64}, size_t{65}}) {
      if (first + second > text.size()) continue;
      rt::Sha256 sha;
      sha.update(bytes_of(text.substr(0, first)));
      sha.update(bytes_of(text.substr(first, second)));
      sha.update(bytes_of(text.substr(first + second)));
      ASSERT_EQ(hex(sha.finish()), whole) << first << " + " << second;
    }
}

TEST(Sha256, DigestsCompare) {
  rt::Sha256 a, b, c;
  a.update(bytes_of("x"));
  b.update(bytes_of("x"));
  c.update(bytes_of("y"));
  const rt::Digest digest = a.finish();
  EXPECT_TRUE(digest == b.finish());
  EXPECT_FALSE(digest == c.finish());
}

}  // namespace
