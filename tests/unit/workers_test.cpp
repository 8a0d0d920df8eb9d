#include "rt/workers.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace {

class Record final : public rt::Task {
 public:
  void run(uint32_t part) override { parts.push_back(part); }
  std::vector<uint32_t> parts;
};

TEST(Alone, IsOneCore) {
  EXPECT_EQ(rt::Alone().parts(), 1u);
  EXPECT_EQ(rt::Alone().most_parts(), 1u);
}

TEST(Alone, RunsEveryPartOnceAndInOrder) {
  Record record;
  rt::Alone alone;
  alone.run(record, 3);
  EXPECT_EQ(record.parts, (std::vector<uint32_t>{0, 1, 2}));
  alone.run(record, 0);
  EXPECT_EQ(record.parts.size(), 3u);
}

}  // namespace
