// boot/platform/x86_64/cpu.cpp.
#include "boot/platform/cpu.hpp"

#include <gtest/gtest.h>

#include "rt/x86_64/features.hpp"
#include "tests/firmware/fake_processors.hpp"
#include "tests/firmware/x86_64/registers.hpp"

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

/// What vectors a processor has that says this of itself.
rt::CpuFeatures features_of(const std::map<std::pair<uint32_t, uint32_t>, platform::Cpuid>& cpuid) {
  test::fake_registers::reset();
  test::g_cpuid = cpuid;
  rt::CpuFeatures features;
  {
    platform::VectorState vectors;
    features = vectors.enable();
  }
  test::g_cpuid.clear();
  EXPECT_EQ(test::fake_registers::complaint(), "");
  return features;
}

TEST(VectorState, WhatAnyOfItsInstructionsLacksIsNotUsed) {
  using rt::kAvx2, rt::kAvx512Vnni, rt::kAvxVnni;
  std::map<std::pair<uint32_t, uint32_t>, platform::Cpuid> all;
  all[{0, 0}].eax = 0x1f;
  all[{1, 0}].ecx = 1u << 26 | 1u << 28 | 1u << 29;
  all[{7, 0}] = {1, 1u << 5 | 1u << 16 | 1u << 17 | 1u << 30 | 1u << 31, 1u << 11, 0};
  all[{7, 1}].eax = 1u << 4;
  all[{0xd, 0}].eax = 0xe7;
  EXPECT_TRUE(features_of(all).cover(kAvx2 | kAvx512Vnni | kAvxVnni));

  using Cpuid = platform::Cpuid;
  const struct {
    const char* what;
    uint32_t leaf, subleaf;
    uint32_t Cpuid::*word;
    uint32_t bits;
    bool avx2, avx_vnni, avx512;  // what is left
  } lacks[] = {{"XSAVE", 1, 0, &Cpuid::ecx, 1u << 26, false, false, false},
               {"AVX", 1, 0, &Cpuid::ecx, 1u << 28, false, false, false},
               {"F16C", 1, 0, &Cpuid::ecx, 1u << 29, false, false, true},
               {"AVX2", 7, 0, &Cpuid::ebx, 1u << 5, false, false, true},
               {"AVX512F", 7, 0, &Cpuid::ebx, 1u << 16, true, true, false},
               {"AVX512DQ", 7, 0, &Cpuid::ebx, 1u << 17, true, true, false},
               {"AVX512BW", 7, 0, &Cpuid::ebx, 1u << 30, true, true, false},
               {"AVX512VL", 7, 0, &Cpuid::ebx, 1u << 31, true, true, false},
               {"AVX512_VNNI", 7, 0, &Cpuid::ecx, 1u << 11, true, true, false},
               {"leaf 7.1", 7, 0, &Cpuid::eax, 1, true, false, true},
               {"AVX_VNNI", 7, 1, &Cpuid::eax, 1u << 4, true, false, true},
               {"leaf 13", 0, 0, &Cpuid::eax, 0x13, false, false, false},
               {"state of SSE", 0xd, 0, &Cpuid::eax, 2, false, false, false},
               {"state of AVX", 0xd, 0, &Cpuid::eax, 4, false, false, false},
               {"masks", 0xd, 0, &Cpuid::eax, 0x20, true, true, false},
               {"upper halves", 0xd, 0, &Cpuid::eax, 0x40, true, true, false},
               {"upper registers", 0xd, 0, &Cpuid::eax, 0x80, true, true, false}};
  for (const auto& row : lacks) {
    auto cpuid = all;
    cpuid[{row.leaf, row.subleaf}].*row.word &= ~row.bits;
    const rt::CpuFeatures left = features_of(cpuid);
    EXPECT_EQ(left.cover(kAvx2), row.avx2) << row.what;
    EXPECT_EQ(left.cover(kAvxVnni), row.avx_vnni) << row.what;
    EXPECT_EQ(left.cover(kAvx512Vnni), row.avx512) << row.what;
  }
}

}  // namespace
