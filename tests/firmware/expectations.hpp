#pragma once
#include <gtest/gtest.h>

#include "tests/firmware/scenarios.hpp"

namespace test {

inline bool says(const Outcome& run, const std::string& words) { return run.screen.find(words) != std::string::npos; }

/// The story is told as on any other machine, and all is given back.
inline void expect_the_story(const Outcome& run) {
  static const std::string kEssence = essence(start(one_story()));
  EXPECT_EQ(run.status, uefi::Status::success);
  EXPECT_EQ(run.complaints, "");
  EXPECT_EQ(essence(run), kEssence);
}

/// The program ends with this sentence, and gives everything back.
inline void expect_the_end(const Outcome& run, uefi::Status status, const std::string& sentence) {
  EXPECT_EQ(run.status, status) << uint64_t(run.status);
  EXPECT_TRUE(says(run, "error: " + sentence)) << run.screen;
  EXPECT_EQ(run.complaints, "");
}

}  // namespace test
