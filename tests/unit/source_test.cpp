#include "rt/source.hpp"

#include <numeric>

#include "tests/unit/made_model.hpp"

namespace {

std::vector<uint8_t> counted(size_t n) {
  std::vector<uint8_t> bytes(n);
  std::iota(bytes.begin(), bytes.end(), uint8_t{0});
  return bytes;
}

TEST(MemorySource, HandsOutItsBytesInOrder) {
  const auto bytes = counted(10);
  rt::MemorySource source = test::memory_source(bytes);
  EXPECT_EQ(test::string(source.name()), "made.bin");
  EXPECT_EQ(source.size(), 10u);
  for (const auto& [most, first, count] : {std::tuple{1u, 0u, 1u}, {4u, 1u, 4u}, {100u, 5u, 5u}}) {
    const auto part = source.next(most);
    ASSERT_TRUE(part);
    const rt::Span<const uint8_t> span = test::need(part);
    EXPECT_EQ(span.data, bytes.data() + first);
    EXPECT_EQ(span.count, count);
  }
}

TEST(MemorySource, AskingPastTheEndIsAnError) {
  const auto bytes = counted(3);
  rt::MemorySource source = test::memory_source(bytes);
  ASSERT_TRUE(source.next(3));
  for (int time = 0; time < 2; ++time) {
    const auto part = source.next(1);
    ASSERT_FALSE(part);
    EXPECT_EQ(part.error().code, rt::Errc::bad_file);
    EXPECT_EQ(part.error().detail, 3u);
    EXPECT_STREQ(part.error().text, "made.bin: the file ends after 3 bytes");
  }
}

TEST(ReadExactly, JoinsPiecesOfAnySize) {
  const auto bytes = counted(200);
  for (uint64_t piece = 1; piece < 20; ++piece) {
    test::PieceSource source(bytes, {piece, 3, 1});
    uint64_t at = 0;
    for (uint64_t n = 0; at + n <= bytes.size(); at += n++) {
      const test::Exact<uint8_t> out(n);
      ASSERT_TRUE(rt::read_exactly(source, out.data(), n));
      ASSERT_EQ(std::vector<uint8_t>(out.begin(), out.end()),
                std::vector<uint8_t>(bytes.begin() + int64_t(at), bytes.begin() + int64_t(at + n)));
      ASSERT_EQ(source.position(), at + n);  // and no byte more is taken
    }
  }
}

TEST(ReadExactly, GivesTheSourcesErrorWhereItBreaks) {
  const auto bytes = counted(10);
  test::PieceSource source(bytes, {4});
  source.broken_from = 6;
  const test::Exact<uint8_t> out(10);
  const auto read = rt::read_exactly(source, out.data(), 10);
  ASSERT_FALSE(read);
  EXPECT_STREQ(read.error().text, "made.bin: the medium is broken");
}

}  // namespace
