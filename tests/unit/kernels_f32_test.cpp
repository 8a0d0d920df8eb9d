// Every kernel set against formulas written out in the obvious way, with ==: the float operations.
#include "rt/math.hpp"
#include "tests/unit/kernel_sets.hpp"

namespace {

using test::Exact;
using test::Floats;
using test::kAllFloats;
using test::kLanes;

constexpr uint32_t kBlocks[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 16};
constexpr uint32_t kVectors[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 16};
constexpr uint32_t kCols[] = {1, 2, 3, 4, 5, 7, 8, 15, 16, 17, 31, 32, 33};
constexpr uint32_t kManyCols[] = {64, 96, 172, 288, 768};

class Float32Kernels : public test::EveryKernelSet {
 protected:
  /// One product of random numbers. Odd sizes lie loosely in memory, even ones tightly.
  void multiply(uint32_t blocks, uint32_t cols, uint32_t n, Floats kind) {
    const uint64_t rows = uint64_t{blocks} * kLanes;
    const uint64_t x_stride = cols + (n % 2 ? 5 : 0), y_stride = rows + (blocks % 2 ? 32 : 0);
    const auto w = test::draw_rows(random_, kind, blocks, uint64_t{cols} * kLanes, cols * kLanes);
    const auto x = test::draw_rows(random_, kind, n, cols, x_stride, cols % 3);
    const Exact<float> y((n - 1) * y_stride + rows);
    GetParam()->multiply_f32({.w = w.data(), .blocks = blocks, .cols = cols, .x = x.data(), .n = n,
                              .x_stride = x_stride, .y = y.data(), .y_stride = y_stride});

    const Exact<float> expected(y.size());
    for (uint32_t i = 0; i < n; ++i)
      for (uint64_t row = 0; row < rows; ++row) {
        const float* block = w.data() + row / kLanes * cols * kLanes;
        float sum = 0;
        for (uint32_t j = 0; j < cols; ++j)
          sum += block[j * kLanes + row % kLanes] * x[i * x_stride + j];
        expected[i * y_stride + row] = sum;
      }
    ASSERT_EQ(first_difference(y, expected), -1)
        << blocks << " blocks of " << cols << " columns times " << n << " vectors";
  }

  /// One head of attention: `steps` keys and values of `dim`, `heads` heads' values side by side.
  void attend(uint32_t dim, uint32_t steps, uint32_t heads, Floats kind) {
    const uint64_t lanes = rt::round_up(dim, kLanes), whole = rt::round_up(steps, kLanes);
    const uint64_t stride = lanes * heads;
    const auto q = test::draw_rows(random_, kind, 1, dim, dim, dim % 3);
    const auto keys = test::draw_rows(random_, kind, 1, whole * dim, whole * dim);
    const auto values = test::draw_rows(random_, kind, steps, lanes, stride);
    const Exact<float> weights(whole), out(lanes);
    const model::Head head = {.q = q.data(), .keys = keys.data(), .values = values.data(),
                              .dim = dim, .steps = steps, .value_lanes = uint32_t(lanes),
                              .value_stride = stride, .divisor = std::sqrt(float(dim)),
                              .weights = weights.data(), .out = out.data()};

    GetParam()->score(head);
    for (uint64_t t = 0; t < whole; ++t) {
      float sum = 0;
      for (uint32_t j = 0; j < dim; ++j) sum += q[j] * keys[(t / 16 * dim + j) * 16 + t % 16];
      ASSERT_TRUE(test::same_bits(weights[t], sum / head.divisor))
          << "score of step " << t << " of " << steps << " in " << dim << " dimensions";
    }

    const auto shares = test::draw_rows(random_, kind, 1, steps, steps);
    for (uint64_t t = 0; t < whole; ++t)
      weights[t] = t < steps ? shares[t] : std::bit_cast<float>(0x7fc00000u);
    GetParam()->mix(head);
    for (uint64_t j = 0; j < lanes; ++j) {
      float sum = 0;
      for (uint32_t t = 0; t < steps; ++t) sum += shares[t] * values[t * stride + j];
      ASSERT_TRUE(test::same_bits(out[j], sum))
          << "element " << j << " of the mix of " << steps << " steps in " << dim << " dimensions";
    }
  }

  /// exp of every number of `x`, less `shift`, at an address `offset` floats off a boundary.
  void exp(const std::vector<float>& x, float shift, uint64_t offset) {
    const Exact<float> y(x.size(), offset);
    std::copy(x.begin(), x.end(), y.data());
    GetParam()->exp(y.data(), uint32_t(y.size()), shift);
    for (uint64_t i = 0; i < x.size(); ++i)
      ASSERT_TRUE(test::same_bits(y[i], rt::exp(x[i] - shift)))
          << std::hexfloat << "e^(" << x[i] << " - " << shift << ") = " << y[i] << ", number " << i
          << " of " << std::dec << x.size();
  }
};

TEST_P(Float32Kernels, ProductsOfEverySmallShapeAreRight) {
  for (const uint32_t blocks : kBlocks)
    for (const uint32_t cols : kCols)
      for (const uint32_t n : kVectors)
        ASSERT_NO_FATAL_FAILURE(multiply(blocks, cols, n, Floats::wide));
}

TEST_P(Float32Kernels, ProductsOfModelsShapesAreRight) {
  for (const uint32_t cols : kManyCols)
    for (const uint32_t blocks : {1, 4, 7, 18})
      for (const uint32_t n : {1, 4, 8, 9})
        ASSERT_NO_FATAL_FAILURE(multiply(blocks, cols, n, Floats::ordinary));
}

TEST_P(Float32Kernels, ProductsOfAnyNumbersAreRight) {
  for (const Floats kind : kAllFloats)
    for (const uint32_t blocks : {1, 3, 5})
      for (const uint32_t cols : {1, 6, 40})
        for (const uint32_t n : {1, 3, 8})
          ASSERT_NO_FATAL_FAILURE(multiply(blocks, cols, n, kind));
}

TEST_P(Float32Kernels, AttentionOverEverySmallNumberOfStepsIsRight) {
  for (uint32_t steps = 1; steps <= 83; ++steps)
    for (const uint32_t dim : {2, 6, 8, 16, 48})
      ASSERT_NO_FATAL_FAILURE(attend(dim, steps, 1 + steps % 3, Floats::wide));
}

TEST_P(Float32Kernels, AttentionInEverySizeOfHeadIsRight) {
  for (uint32_t dim = 2; dim <= 160; dim += 2)
    for (const uint32_t steps : {1, 16, 33})
      ASSERT_NO_FATAL_FAILURE(attend(dim, steps, 1 + dim / 2 % 3, Floats::ordinary));
}

TEST_P(Float32Kernels, AttentionOverALongTextIsRight) {
  for (const uint32_t steps : {255, 256, 257, 1023})
    ASSERT_NO_FATAL_FAILURE(attend(48, steps, 6, Floats::ordinary));
}

TEST_P(Float32Kernels, AttentionOfAnyNumbersIsRight) {
  for (const Floats kind : kAllFloats)
    for (const uint32_t dim : {6, 16, 64})
      ASSERT_NO_FATAL_FAILURE(attend(dim, 75, 2, kind));
}

TEST_P(Float32Kernels, StepsThatHaveNotComeYetDisturbNoOther) {
  const uint32_t dim = 8, steps = 21, whole = 32;
  const auto q = test::draw_rows(random_, Floats::ordinary, 1, dim, dim);
  const auto keys = test::draw_rows(random_, Floats::ordinary, 1, whole * dim, whole * dim);
  const Exact<float> with(whole), without(whole);
  model::Head head = {.q = q.data(), .keys = keys.data(), .values = nullptr, .dim = dim,
                      .steps = steps, .value_lanes = 16, .value_stride = 16, .divisor = 3,
                      .weights = with.data(), .out = nullptr};
  GetParam()->score(head);
  for (uint32_t t = steps; t < whole; ++t)
    for (uint32_t j = 0; j < dim; ++j) keys[(t / 16 * dim + j) * 16 + t % 16] = INFINITY;
  head.weights = without.data();
  GetParam()->score(head);
  for (uint32_t t = 0; t < steps; ++t) EXPECT_EQ(with[t], without[t]);
}

TEST_P(Float32Kernels, ExpIsThatOfTheRuntimeForFloatsOfAllKinds) {
  for (uint64_t bits = 0; bits <= 0xffffffff;) {
    std::vector<float> x;
    for (; x.size() < 100'000 && bits <= 0xffffffff; bits += 1499)
      x.push_back(std::bit_cast<float>(uint32_t(bits)));
    ASSERT_NO_FATAL_FAILURE(exp(x, 0, 0));
  }
}

TEST_P(Float32Kernels, ExpIsThatOfTheRuntimeWhereItMatters) {
  std::vector<float> x;
  for (int i = 0; i < 400'000; ++i) x.push_back(float(int32_t(random_())) * 0x1p-24f);  // +-128
  ASSERT_NO_FATAL_FAILURE(exp(x, 0, 0));
}

TEST_P(Float32Kernels, ExpIsThatOfTheRuntimeAroundItsEdges) {
  std::vector<float> x = {0.0f, -0.0f, INFINITY, -INFINITY, NAN, -NAN};
  for (const float edge : {0.0f, 0x1p-24f, 0x1p-25f, 0x1p-26f, 1.0f, 88.72284f, 89.0f, -87.33655f,
                           -103.27893f, -103.97208f, -104.0f, 128.0f, -128.0f, 0x1p126f}) {
    float up = edge, down = edge;
    for (int i = 0; i < 300; ++i) {
      x.push_back(up = std::nextafter(up, INFINITY));
      x.push_back(down = std::nextafter(down, -INFINITY));
    }
  }
  ASSERT_NO_FATAL_FAILURE(exp(x, 0, 0));
}

TEST_P(Float32Kernels, ExpOfEveryCountAtEveryAddressTakesTheShiftOff) {
  for (uint32_t n = 0; n <= 70; ++n)
    for (uint64_t offset = 0; offset < 16; ++offset) {
      std::vector<float> x(n);
      for (float& value : x) value = test::draw_float(random_, Floats::ordinary) * 30;
      ASSERT_NO_FATAL_FAILURE(exp(x, test::draw_float(random_, Floats::ordinary) * 30, offset));
    }
}

INSTANTIATE_TEST_SUITE_P(Sets, Float32Kernels, test::all_sets(), test::set_name);

}  // namespace
