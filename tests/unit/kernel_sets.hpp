#pragma once
#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <string>
#include <vector>

#include "model/kernels/select.hpp"
#include "tests/host/cpu.hpp"
#include "tests/unit/exact.hpp"

namespace test {

inline constexpr uint32_t kLanes = 16;

/// The kinds of floats that kernels are tried with.
enum class Floats {
  ordinary,  // -1 to 1
  wide,      // 2^-20 to 2^20: sums depend on the order of their terms
  tiny,      // about 2^-70: products are subnormal
  any        // any bits: infinities and NaN too
};
inline constexpr Floats kAllFloats[] = {Floats::ordinary, Floats::wide, Floats::tiny, Floats::any};

inline float draw_float(std::mt19937& random, Floats kind) {
  if (kind == Floats::any) return std::bit_cast<float>(uint32_t(random()));
  const float x = float(int32_t(random())) * 0x1p-31f;
  if (kind == Floats::wide) return std::ldexp(x, int(random() % 41) - 20);
  return kind == Floats::tiny ? x * 0x1p-70f : x;
}

/// [rows][cols], one row every `stride`; NaN between rows, nothing behind the last.
inline Exact<float> draw_rows(std::mt19937& random, Floats kind, uint64_t rows, uint64_t cols,
                              uint64_t stride, uint64_t offset = 0) {
  Exact<float> out(rows ? (rows - 1) * stride + cols : 0, offset);
  for (uint64_t row = 0; row < rows; ++row)
    for (uint64_t col = 0; col < cols; ++col) out[row * stride + col] = draw_float(random, kind);
  return out;
}

/// Runs once for every kernel set in the program, as far as this machine can.
class EveryKernelSet : public testing::TestWithParam<const model::Kernels*> {
 protected:
  void SetUp() override {
    if (!model::usable(*GetParam(), cpu_features()))
      GTEST_SKIP() << "this machine cannot run " << GetParam()->name;
  }
  std::mt19937 random_{1};
};

/// Place beside the tests of a suite that derives from EveryKernelSet.
inline auto all_sets() {
  const auto sets = model::all_kernels();
  return testing::ValuesIn(sets.begin(), sets.end());
}
inline std::string set_name(const testing::TestParamInfo<const model::Kernels*>& info) {
  return info.param->name;
}

}  // namespace test
