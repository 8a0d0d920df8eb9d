#include "rt/memory.hpp"

#include <gtest/gtest.h>
#include <string.h>

#include <vector>

namespace {

using Bytes = std::vector<uint8_t>;

Bytes numbered(size_t n) {
  Bytes bytes(n);
  for (size_t i = 0; i < n; ++i) bytes[i] = uint8_t(i * 37 + 11);
  return bytes;
}

// Every length around the 8- and 32-byte steps, at every alignment.
constexpr size_t kLongest = 140;

TEST(Memory, CopyMovesExactlyTheBytesAskedFor) {
  const Bytes source = numbered(kLongest + 8);
  for (size_t n = 0; n <= kLongest; ++n)
    for (size_t from = 0; from < 8; ++from)
      for (size_t to = 0; to < 8; ++to) {
        Bytes target(kLongest + 16, 0xee), expected = target;
        memcpy(expected.data() + to, source.data() + from, n);
        EXPECT_EQ(rt::copy_bytes(target.data() + to, source.data() + from, n), target.data() + to);
        ASSERT_EQ(target, expected) << n << " bytes from " << from << " to " << to;
      }
}

TEST(Memory, MoveIsRightForEveryOverlap) {
  for (size_t n = 0; n <= 100; ++n)
    for (size_t from = 0; from <= 80; ++from)
      for (const size_t to :
           {size_t{0}, size_t{1}, size_t{7}, size_t{31}, size_t{40}, size_t{80}}) {
        Bytes bytes = numbered(200), expected = bytes;
        memmove(expected.data() + to, expected.data() + from, n);
        EXPECT_EQ(rt::move_bytes(bytes.data() + to, bytes.data() + from, n), bytes.data() + to);
        ASSERT_EQ(bytes, expected) << n << " bytes from " << from << " to " << to;
      }
}

TEST(Memory, FillWritesTheLowByteOfTheValue) {
  for (size_t n = 0; n <= kLongest; ++n)
    for (size_t to = 0; to < 8; ++to) {
      Bytes target(kLongest + 16, 0xee), expected = target;
      memset(expected.data() + to, 0x1c3, n);
      EXPECT_EQ(rt::fill_bytes(target.data() + to, 0x1c3, n), target.data() + to);
      ASSERT_EQ(target, expected) << n << " bytes to " << to;
    }
}

TEST(Memory, CompareFindsTheFirstDifferenceAndItsDirection) {
  const Bytes a = numbered(100);
  for (size_t n = 0; n <= 90; ++n) {
    EXPECT_EQ(rt::compare_bytes(a.data(), Bytes(a).data(), n), 0);
    for (size_t at = 0; at < n; ++at) {
      Bytes b = a;
      b[at] = uint8_t(b[at] ^ 0x80);
      if (at + 1 < n) b[at + 1] = uint8_t(b[at + 1] ^ 0x80);  // must not count
      const bool less = a[at] < b[at];
      ASSERT_EQ(rt::compare_bytes(a.data(), b.data(), n) < 0, less) << n << " bytes, at " << at;
      ASSERT_EQ(rt::compare_bytes(b.data(), a.data(), n) > 0, less) << n << " bytes, at " << at;
    }
  }
}

TEST(Memory, CompareDoesNotLookPastTheEnd) {
  const Bytes a = {1, 2, 3}, b = {1, 2, 4};
  EXPECT_EQ(rt::compare_bytes(a.data(), b.data(), 2), 0);
}

TEST(Memory, LoadReadsLittleEndianFromAnyAddress) {
  const uint8_t bytes[] = {0xff, 0x78, 0x56, 0x34, 0x12, 0, 0, 0x80, 0x3f};
  EXPECT_EQ(rt::load<uint32_t>(bytes + 1), 0x12345678u);
  EXPECT_EQ(rt::load<uint16_t>(bytes + 3), 0x1234u);
  EXPECT_EQ(rt::load<float>(bytes + 5), 1.0f);
}

}  // namespace
