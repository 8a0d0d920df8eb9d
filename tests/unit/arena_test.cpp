#include "rt/arena.hpp"

#include <gtest/gtest.h>

#include <string>

namespace {

class ArenaTest : public testing::Test {
 protected:
  alignas(64) uint8_t memory_[1024];
  rt::Arena arena_{{memory_, sizeof memory_}};
};

TEST_F(ArenaTest, PartsAreAlignedInOrderAndApart) {
  const auto a = *arena_.make<uint8_t>(1);
  const auto b = *arena_.make<uint64_t>(9);
  const auto c = *arena_.make<float>(1);
  EXPECT_EQ(a.data, memory_);
  EXPECT_EQ(reinterpret_cast<uint8_t*>(b.data), memory_ + 64);
  EXPECT_EQ(reinterpret_cast<uint8_t*>(c.data), memory_ + 192);
  EXPECT_EQ(b.count, 9u);
}

TEST_F(ArenaTest, MakeValueInitialises) {
  struct Item {
    int number = 7;
    int zero;
  };
  rt::fill_bytes(memory_, 0xee, sizeof memory_);
  for (const Item& item : *arena_.make<Item>(5)) {
    EXPECT_EQ(item.number, 7);
    EXPECT_EQ(item.zero, 0);
  }
}

TEST_F(ArenaTest, MakeRawLeavesTheMemoryAlone) {
  rt::fill_bytes(memory_, 0xee, sizeof memory_);
  EXPECT_EQ((*arena_.make_raw<uint8_t>(3))[2], 0xee);
}

TEST_F(ArenaTest, TheLastByteCanBeHadButNotOneMore) {
  EXPECT_TRUE(arena_.make_raw<uint8_t>(1024));
  EXPECT_EQ(arena_.used(), arena_.capacity());
  EXPECT_FALSE(arena_.make_raw<uint8_t>(1));
  EXPECT_TRUE(arena_.make_raw<uint8_t>(0));
}

TEST_F(ArenaTest, ARefusalSaysWhatWasWantedAndTakesNothing) {
  ASSERT_TRUE(arena_.make_raw<uint8_t>(24));
  const auto refused = arena_.make_raw<uint64_t>(250'000);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, rt::Errc::out_of_memory);
  EXPECT_EQ(refused.error().detail, 2'000'000u);
  EXPECT_EQ(std::string(refused.error().text),
            "out of memory: 2,000,000 bytes wanted, 1,000 left of 1,024");
  EXPECT_EQ(arena_.used(), 24u);
}

TEST_F(ArenaTest, PaddingCountsToo) {
  ASSERT_TRUE(arena_.make_raw<uint8_t>(960));
  ASSERT_TRUE(arena_.make_raw<uint8_t>(1));
  EXPECT_FALSE(arena_.make_raw<uint8_t>(1));  // 63 bytes are left, all before the next boundary
}

TEST_F(ArenaTest, ACountWhoseBytesDoNotFitIn64BitsIsRefused) {
  const auto refused = arena_.make_raw<uint64_t>(~uint64_t{0} / 8 + 2);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, rt::Errc::out_of_memory);
  EXPECT_FALSE(arena_.make_raw<uint8_t>(~uint64_t{0}));
  EXPECT_EQ(arena_.used(), 0u);
}

TEST_F(ArenaTest, RewindGivesTheSameMemoryAgain) {
  ASSERT_TRUE(arena_.make<uint8_t>(100));
  const uint64_t mark = arena_.mark();
  const auto first = *arena_.make<uint8_t>(100);
  arena_.rewind(mark);
  EXPECT_EQ((*arena_.make<uint8_t>(200)).data, first.data);
}

TEST_F(ArenaTest, MemoryThatStartsOffABoundaryLosesOnlyItsFirstBytes) {
  rt::Arena arena({memory_ + 1, 200});
  EXPECT_EQ((*arena.make<uint8_t>(137)).data, memory_ + 64);
  EXPECT_FALSE(arena.make<uint8_t>(1));
}

uint64_t allocate_some(rt::Arena& arena) {
  EXPECT_TRUE(arena.make_raw<float>(100));
  EXPECT_TRUE(arena.make_raw<uint8_t>(3));
  EXPECT_TRUE(arena.make_raw<uint64_t>(5));
  return arena.used();
}

TEST_F(ArenaTest, ACountingArenaTakesWhatARealOneTakes) {
  rt::Arena counting = rt::Arena::counting();
  EXPECT_EQ(allocate_some(counting), allocate_some(arena_));
  EXPECT_TRUE(counting.make_raw<uint8_t>(uint64_t{1} << 61));
}

TEST(Arena, WithoutMemoryRefusesEverything) {
  rt::Arena arena;
  EXPECT_FALSE(arena.make<uint8_t>(1));
  EXPECT_EQ(arena.capacity(), 0u);
}

}  // namespace
