// boot/platform/x86_64/cpu.cpp.
#include "boot/platform/cpu.hpp"

#include <gtest/gtest.h>

#include "boot/platform/x86_64/instructions.hpp"
#include "rt/x86_64/features.hpp"
#include "tests/firmware/fake_processors.hpp"

namespace {

TEST(VectorState, IsSwitchedOnWholeAndPutBack) {
  test::fake_registers::reset();
  const uint32_t before = platform::read_mxcsr();
  platform::write_mxcsr(0x5f80);  // rounds up
  {
    platform::VectorState vectors;
    const rt::CpuFeatures features = vectors.enable();
    EXPECT_EQ(platform::read_mxcsr(), 0x1f80u);
    const uint64_t cr4 = platform::read_cr4();
    if (cr4 >> 18 & 1) {
      EXPECT_EQ(platform::read_xcr0(), 0xe7u);
    } else {
      EXPECT_FALSE(features.cover(rt::kAvx2));
    }
    vectors.enable();  // again
    vectors.restore();
    EXPECT_EQ(platform::read_mxcsr(), 0x5f80u);
    EXPECT_EQ(test::fake_registers::complaint(), "");
    vectors.enable();
  }
  EXPECT_EQ(platform::read_mxcsr(), 0x5f80u);
  EXPECT_EQ(test::fake_registers::complaint(), "");
  platform::write_mxcsr(before);
}

}  // namespace
