#include "rt/result.hpp"

#include <gtest/gtest.h>

#include <string>

namespace {

rt::Result<int> half_of(int n) {
  if (n % 2) return rt::fail(rt::Errc::usage, 42, "%d is odd", n);
  return n / 2;
}

TEST(Result, CarriesAValue) {
  auto result = half_of(8);
  ASSERT_TRUE(result);
  EXPECT_EQ(*result, 4);
}

TEST(Result, CarriesAnError) {
  const auto result = half_of(7);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, rt::Errc::usage);
  EXPECT_EQ(result.error().detail, 42u);
  EXPECT_STREQ(result.error().text, "7 is odd");
}

TEST(Result, OfNothingIsASuccessUnlessAnErrorIsGiven) {
  EXPECT_TRUE(rt::Result<void>{});
  const rt::Result<void> failed = rt::fail(rt::Errc::stopped, 0, "stopped");
  EXPECT_FALSE(failed);
  EXPECT_STREQ(failed.error().text, "stopped");
}

TEST(Result, ReachesMembersOfItsValue) {
  rt::Result<std::string> result(std::string("story"));
  EXPECT_EQ(result->size(), 5u);
}

TEST(Fail, CutsALongSentenceAtACharactersEnd) {
  const size_t room = sizeof rt::Error::text - 1;
  const std::string text = std::string(room - 1, 'x') + "\u00e9 and more";
  const rt::Error& error = rt::fail(rt::Errc::bad_file, 0, "%s", text.c_str());
  EXPECT_EQ(std::string(error.text), std::string(room - 1, 'x'));
  EXPECT_STREQ(rt::fail(rt::Errc::bad_file, 0, "%s", text.c_str() + 1).text,
               (std::string(room - 2, 'x') + "\u00e9").c_str());
}

TEST(Fail, LeavesTheNewestErrorsAsTheyWere) {
  const rt::Error* errors[rt::kNewestErrors];
  for (uint32_t i = 0; i < rt::kNewestErrors; ++i) errors[i] = &rt::fail(rt::Errc::usage, i, "error %u", i);
  for (uint32_t i = 0; i < rt::kNewestErrors; ++i) {
    EXPECT_EQ(errors[i]->detail, i);
    EXPECT_EQ(errors[i]->text, "error " + std::to_string(i));
  }
}

TEST(Fail, TakesTheTextOfAnErrorThatItOverwrites) {
  const rt::Error& oldest = rt::fail(rt::Errc::bad_file, 0, "a sector is bad");
  for (uint32_t i = 1; i < rt::kNewestErrors; ++i) (void)rt::fail(rt::Errc::usage, 0, "something else");
  EXPECT_STREQ(rt::fail(rt::Errc::firmware, 0, "model.bin: %s", oldest.text).text, "model.bin: a sector is bad");
}

TEST(KeptError, OutlivesHoweverManyComeAfterIt) {
  const rt::KeptError kept(rt::fail(rt::Errc::bad_file, 7, "the first"));
  for (uint32_t i = 0; i < 3 * rt::kNewestErrors; ++i) (void)rt::fail(rt::Errc::usage, i, "error %u", i);
  EXPECT_EQ(kept.code(), rt::Errc::bad_file);
  EXPECT_EQ(kept.error().detail, 7u);
  EXPECT_STREQ(kept.error().text, "the first");
}

TEST(Result, CostsAPointer) {
  EXPECT_EQ(sizeof(rt::Result<void>), sizeof(void*));
  EXPECT_EQ(sizeof(rt::Result<uint64_t>), 2 * sizeof(void*));
}

}  // namespace
