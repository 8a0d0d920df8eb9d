// boot/platform/aarch64/cpu.cpp.
#include "boot/platform/cpu.hpp"

#include <gtest/gtest.h>

#include "boot/platform/processor.hpp"
#include "rt/aarch64/features.hpp"
#include "tests/firmware/aarch64/identity.hpp"

namespace {

/// The processor says something else of itself, for a while.
class Cpu : public testing::Test {
 protected:
  ~Cpu() override { test::g_identity = before_; }

 private:
  const test::Identity before_ = test::g_identity;
};

TEST_F(Cpu, HasDotProductsWhereItsIdentificationSaysSo) {
  for (const uint64_t others : {uint64_t{0}, ~(uint64_t{0xf} << 44)})
    for (const bool there : {false, true}) {
      test::g_identity.isar0 = others | uint64_t{there} << 44;
      platform::VectorState vectors;
      EXPECT_EQ(vectors.enable(), rt::CpuFeatures::only_if(there, rt::kDotProduct));
      vectors.restore();
    }
}

TEST_F(Cpu, IsCalledByItsNameOrByItsNumbers) {
  const auto called = [](uint64_t midr) {
    test::g_identity.midr = midr;
    return std::string(platform::CpuName().text);
  };
  EXPECT_EQ(called(0x410fd034), "Cortex-A53");
  EXPECT_EQ(called(0x413fd0c1), "Neoverse N1") << "another revision";
  EXPECT_EQ(called(0xc00fac30), "Ampere-1");
  EXPECT_EQ(called(0x610f0220), "AArch64, implementer 0x61, part 0x22");
}

TEST_F(Cpu, TellsTheRateOfItsCounter) {
  test::g_identity.cntfrq = 62'500'000;
  EXPECT_EQ(platform::counter_rate().hertz, 62'500'000u);
  EXPECT_FALSE(platform::counter_rate().rough);
}

}  // namespace
