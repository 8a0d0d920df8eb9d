#include "rt/crew.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <deque>
#include <numeric>
#include <thread>
#include <vector>

#include "tests/host/threads.hpp"

namespace {

using rt::Crew;

/// Counts how often each slice was run.
class Count final : public rt::Task {
 public:
  explicit Count(uint32_t slices) : counts(slices) {}
  void run(uint32_t slice) override { counts.at(slice).fetch_add(1, std::memory_order_relaxed); }
  void expect_once() const {
    for (size_t slice = 0; slice < counts.size(); ++slice)
      ASSERT_EQ(counts[slice], 1u) << "slice " << slice << " of " << counts.size();
  }
  std::vector<std::atomic<uint32_t>> counts;
};

void expect_every_slice_once(Crew& crew, uint32_t slices) {
  Count count(slices);
  crew.run(count, slices);
  ASSERT_NO_FATAL_FAILURE(count.expect_once()) << crew.members() << " members";
}

TEST(Crew, RunsEveryPartOnce) {
  for (const uint32_t members : {1, 2, 3, 4}) {
    test::Threads threads(members);
    for (int time = 0; time < 10; ++time)
      for (const uint32_t slices : {0, 1, 2, 3, 5, 8, 33})
        ASSERT_NO_FATAL_FAILURE(expect_every_slice_once(threads.crew, slices));
  }
}

TEST(Crew, ATaskThatFollowsAtOnceIsNotMixedUpWithTheLast) {
  for (const uint32_t members : {2, 3}) {
    test::Threads threads(members);
    std::deque<Count> tasks;  // who is late with one of them must not take slices of the next
    for (int i = 0; i < 5000; ++i) tasks.emplace_back(1 + i % 7);
    for (Count& task : tasks) threads.crew.run(task, uint32_t(task.counts.size()));
    for (const Count& task : tasks) ASSERT_NO_FATAL_FAILURE(task.expect_once());
  }
}

TEST(Crew, WhatATaskWroteTheNextOneSees) {
  class Add final : public rt::Task {
   public:
    void run(uint32_t slice) override {
      if (slice == 1) ++sum;  // whoever runs it
    }
    uint64_t sum = 0;
  } add;
  test::Threads threads(2);
  for (int time = 0; time < 2000; ++time) threads.crew.run(add, 4);
  EXPECT_EQ(add.sum, 2000u);
}

TEST(Crew, MembersThatNeverComeAreNotWaitedFor) {
  for (const uint32_t members : {2, 3, 64}) {
    Crew crew(members);
    for (const uint32_t slices : {1, 2, 7, 128})
      ASSERT_NO_FATAL_FAILURE(expect_every_slice_once(crew, slices));
  }
}

TEST(Crew, AMemberTakesItsOwnPartsFirstAndThenTheNextOnes) {
  class Record final : public rt::Task {
   public:
    void run(uint32_t slice) override { slices.push_back(slice); }
    std::vector<uint32_t> slices;
  } record;
  Crew crew(3);
  crew.run(record, 9);
  std::vector<uint32_t> expected(9);
  std::iota(expected.begin(), expected.end(), 0u);
  EXPECT_EQ(record.slices, expected);
}

TEST(Crew, EveryMemberHasAShareOfItsOwn) {
  // Each slice waits until all have begun: that ends only if each member takes one.
  constexpr uint32_t kMembers = 3;
  class Meet final : public rt::Task {
   public:
    void run(uint32_t slice) override {
      who[slice] = std::this_thread::get_id();
      begun.fetch_add(1);
      while (begun.load() % kMembers) std::this_thread::yield();
    }
    std::thread::id who[kMembers];
    std::atomic<uint32_t> begun{0};
  } meet;
  test::Threads threads(kMembers);
  threads.crew.run(meet, kMembers);
  EXPECT_NE(meet.who[0], meet.who[1]);
  EXPECT_NE(meet.who[0], meet.who[2]);
  EXPECT_NE(meet.who[1], meet.who[2]);
}

TEST(Crew, WantsTwoPartsAMemberAndOneWhereItIsAlone) {
  Crew crew(8);
  EXPECT_EQ(crew.capacity(), 8u);
  EXPECT_EQ(crew.slices(), 16u);
  EXPECT_EQ(crew.most_slices(), 16u);
  crew.set_members(3);
  EXPECT_EQ(crew.members(), 3u);
  EXPECT_EQ(crew.slices(), 6u);
  EXPECT_EQ(crew.most_slices(), 16u);
  crew.set_members(1);
  EXPECT_EQ(crew.slices(), 1u);
  EXPECT_EQ(Crew(1).most_slices(), 1u);
}

TEST(Crew, ItsSizeMayChangeBetweenTasks) {
  test::Threads threads(4);
  for (int time = 0; time < 40; ++time) {
    threads.crew.set_members(1 + uint32_t(time * 7 % 4));
    ASSERT_NO_FATAL_FAILURE(expect_every_slice_once(threads.crew, threads.crew.slices()));
  }
}

TEST(Crew, MembersMayGoAndComeBack) {
  Crew crew(3);
  for (int time = 0; time < 5; ++time) {
    crew.recall();
    std::thread first([&] { crew.serve(1); }), second([&] { crew.serve(2); });
    while (crew.present() < 2) std::this_thread::yield();
    ASSERT_NO_FATAL_FAILURE(expect_every_slice_once(crew, 6));
    crew.dismiss();
    first.join();
    second.join();
    EXPECT_EQ(crew.present(), 0u);
    ASSERT_NO_FATAL_FAILURE(expect_every_slice_once(crew, 6));  // and the owner does all alone
  }
}

TEST(Crew, AMemberThatComesDuringATaskHelpsOrDoesNoHarm) {
  for (int time = 0; time < 30; ++time) {
    Crew crew(2);
    std::thread late([&] { crew.serve(1); });
    for (int task = 0; task < 20; ++task)
      ASSERT_NO_FATAL_FAILURE(expect_every_slice_once(crew, 4));
    crew.dismiss();
    late.join();
  }
}

}  // namespace
