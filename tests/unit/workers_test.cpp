#include "rt/workers.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace {

class Record final : public rt::Task {
 public:
  void run(uint32_t slice) override { slices.push_back(slice); }
  std::vector<uint32_t> slices;
};

TEST(Alone, IsOneCore) {
  EXPECT_EQ(rt::Alone().slices(), 1u);
  EXPECT_EQ(rt::Alone().most_slices(), 1u);
}

TEST(Alone, RunsEveryPartOnceAndInOrder) {
  Record record;
  rt::Alone alone;
  alone.run(record, 3);
  EXPECT_EQ(record.slices, (std::vector<uint32_t>{0, 1, 2}));
  alone.run(record, 0);
  EXPECT_EQ(record.slices.size(), 3u);
}

}  // namespace
