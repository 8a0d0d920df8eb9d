#include "rt/arena.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>
#include <vector>

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
  const rt::Arena::Mark mark = arena_.mark();
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

/// Pages of a machine that has pieces of memory of some sizes left.
class Holes final : public rt::PageAllocator {
 public:
  explicit Holes(std::vector<uint64_t> sizes) : sizes_(std::move(sizes)) {}
  ~Holes() { EXPECT_TRUE(given.empty()) << "memory is not given back"; }

  rt::Result<rt::Span<uint8_t>> allocate(uint64_t bytes) override {
    asked.push_back(bytes);
    for (uint64_t& size : sizes_)
      if (size >= bytes) {
        const uint64_t whole = rt::round_up(bytes, 4096);
        size -= whole;
        given.push_back({static_cast<uint8_t*>(std::aligned_alloc(4096, whole)), whole});
        return given.back();
      }
    return rt::fail(rt::Errc::out_of_memory, bytes, "no hole is large enough");
  }
  void release(rt::Span<uint8_t> memory) override {
    for (size_t i = 0; i < given.size(); ++i)
      if (given[i].data == memory.data) {
        EXPECT_EQ(given[i].count, memory.count);
        std::free(memory.data);
        given.erase(given.begin() + int64_t(i));
        return;
      }
    ADD_FAILURE() << "what was not given";
  }

  std::vector<uint64_t> asked;
  std::vector<rt::Span<uint8_t>> given;

 private:
  std::vector<uint64_t> sizes_;
};

constexpr uint64_t kMiB = 1 << 20;

TEST(ArenaOfPages, GrowsByWhatIsAskedFor) {
  Holes holes({kMiB});
  rt::Arena arena(holes);
  EXPECT_EQ(arena.used(), 0u);
  const auto first = *arena.make_raw<uint8_t>(5000);
  rt::fill_bytes(first.data, 1, first.count);
  ASSERT_EQ(holes.given.size(), 1u);
  EXPECT_TRUE(arena.make_raw<uint8_t>(3000));  // fits behind it
  ASSERT_EQ(holes.given.size(), 1u);
  EXPECT_TRUE(arena.make_raw<uint8_t>(100));
  EXPECT_EQ(holes.given.size(), 2u);
  EXPECT_EQ(holes.asked, (std::vector<uint64_t>{5064, 164}));
  EXPECT_EQ(arena.capacity(), 2u * 4096 + 4096);
}

TEST(ArenaOfPages, ReservesInBlocksOfAtMost64MiB) {
  Holes holes({uint64_t{1} << 30});
  rt::Arena arena(holes);
  ASSERT_TRUE(arena.reserve(150 * kMiB));
  EXPECT_EQ(holes.asked, (std::vector<uint64_t>{64 * kMiB, 64 * kMiB, 22 * kMiB + 3 * 64}));
  EXPECT_TRUE(arena.make_raw<uint8_t>(60 * kMiB));
  EXPECT_TRUE(arena.make_raw<uint8_t>(60 * kMiB));
  EXPECT_TRUE(arena.make_raw<uint8_t>(20 * kMiB));
  EXPECT_EQ(holes.given.size(), 3u);
}

TEST(ArenaOfPages, WhereMemoryHasHolesBlocksAreSmaller) {
  Holes holes({20 * kMiB, 40 * kMiB, 3 * kMiB});
  rt::Arena arena(holes);
  ASSERT_TRUE(arena.reserve(60 * kMiB));
  uint64_t bytes = 0;
  for (const auto& block : holes.given) bytes += block.count - 64;
  EXPECT_GE(bytes, 60 * kMiB);
  EXPECT_LE(bytes, 60 * kMiB + 64 * 1024);
}

TEST(ArenaOfPages, AReservationThatFailsGivesItsBlocksBackAndNoOthers) {
  Holes holes({80 * kMiB});
  rt::Arena arena(holes);
  ASSERT_TRUE(arena.make<uint8_t>(10));
  const uint64_t capacity = arena.capacity();
  const auto refused = arena.reserve(100 * kMiB);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, rt::Errc::out_of_memory);
  EXPECT_EQ(arena.capacity(), capacity);
  EXPECT_EQ(holes.given.size(), 1u);
  EXPECT_FALSE(arena.reserve(~uint64_t{0}));
  EXPECT_FALSE(rt::Arena().reserve(1));
  EXPECT_TRUE(rt::Arena().reserve(0));
}

TEST(ArenaOfPages, WhatIsReservedCountsWhatIsThere) {
  Holes holes({uint64_t{1} << 30});
  rt::Arena arena(holes);
  ASSERT_TRUE(arena.make_raw<uint8_t>(kMiB - 128));
  arena.clear();
  ASSERT_TRUE(arena.reserve(kMiB - 128));
  EXPECT_EQ(holes.given.size(), 1u);
  ASSERT_TRUE(arena.reserve(2 * kMiB));
  ASSERT_TRUE(arena.reserve(2 * kMiB));
  EXPECT_EQ(holes.given.size(), 2u);
}

TEST(ArenaOfPages, RewindingGoesBackOverBlocks) {
  Holes holes({kMiB});
  rt::Arena arena(holes);
  const auto first = *arena.make<uint8_t>(4000);
  const rt::Arena::Mark mark = arena.mark();
  const auto second = *arena.make<uint8_t>(5000), third = *arena.make<uint8_t>(100'000);
  arena.rewind(mark);
  EXPECT_EQ((*arena.make<uint8_t>(5000)).data, second.data);
  EXPECT_EQ((*arena.make<uint8_t>(100'000)).data, third.data);
  arena.clear();
  EXPECT_EQ((*arena.make<uint8_t>(4000)).data, first.data);
  EXPECT_EQ(holes.given.size(), 3u);
}

TEST(ArenaOfPages, WhatMayBeSplitIsSplitAtTheEndOfABlock) {
  Holes holes({10 * 4096, 10 * 4096});
  rt::Arena arena(holes);
  ASSERT_TRUE(arena.make_raw<uint8_t>(4096 - 64 - 320));
  const auto some = *arena.make_some(64, 8);
  EXPECT_EQ(some.count, 5u * 64);
  EXPECT_EQ((*arena.make_some(64, 3)).count, 3u * 64);
  EXPECT_EQ(holes.given.size(), 2u);
  EXPECT_EQ((*arena.make_some(64, 1000)).count, 4096u - 64 - 3 * 64);
  EXPECT_FALSE(arena.make_some(64, kMiB));
}

TEST(ArenaOfPages, AMovedArenaTakesItsBlocksAlong) {
  Holes holes({kMiB});
  rt::Arena arena(holes);
  const auto first = *arena.make<uint8_t>(100);
  rt::Arena other(static_cast<rt::Arena&&>(arena));
  EXPECT_EQ(arena.capacity(), 0u);
  EXPECT_GE((*other.make<uint8_t>(100)).data, first.data + 128);
  other = rt::Arena(holes);
  EXPECT_TRUE(holes.given.empty());
}

}  // namespace
