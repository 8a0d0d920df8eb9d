#include "model/kernels/select.hpp"

#include "tests/unit/kernel_sets.hpp"
#include "tests/unit/made_model.hpp"

namespace {

using model::Kernels;
using model::Timing;

TEST(Kernels, EverySetIsFoundByItsName) {
  for (const Kernels* kernels : model::all_kernels())
    EXPECT_EQ(model::find_kernels(kernels->name), kernels);
  EXPECT_EQ(model::find_kernels("abacus"), nullptr);
  EXPECT_EQ(model::find_kernels(""), nullptr);
  EXPECT_EQ(model::find_kernels("sse"), nullptr);
}

TEST(Kernels, ASetIsUsableWhereAllThatItNeedsIsThere) {
  Kernels set = model::kScalarKernels;
  set.needs = {6};
  EXPECT_FALSE(model::usable(set, {}));
  EXPECT_FALSE(model::usable(set, {3}));
  EXPECT_TRUE(model::usable(set, {7}));
}

TEST(Kernels, SomeSetRunsOnEveryMachine) {
  EXPECT_TRUE(model::usable(model::kScalarKernels, {}));
  EXPECT_EQ(model::find_kernels("scalar"), &model::kScalarKernels);
}

/// A clock whose steps are given: each time it is read it has gone on by the next of them.
std::vector<uint64_t> g_steps;
size_t g_read = 0;
uint64_t g_now = 0;
uint64_t scripted_clock() { return g_now += g_steps[g_read++ % g_steps.size()]; }

class MeasureKernels : public testing::TestWithParam<model::Precision> {
 protected:
  /// The sets in the order found, timed by a clock that takes `steps`.
  std::vector<Timing> measure(rt::CpuFeatures features, std::vector<uint64_t> steps, uint64_t budget) {
    g_steps = std::move(steps);
    g_read = 0;
    g_now = 1'000'000;
    rt::Arena arena(memory_.span());
    EXPECT_TRUE(arena.make_raw<uint8_t>(100));  // somebody else's
    Timing timings[model::kMostKernelSets];
    const auto found = model::measure_kernels(loaded_.model.layers[0].w2, features, scripted_clock,
                                              budget, timings, arena);
    EXPECT_EQ(arena.used(), 100u) << "scratch is not rewound";
    const rt::Span<Timing> span = test::need(found);
    return {span.begin(), span.end()};
  }

  const test::LoadedModel loaded_{
      test::MadeCheckpoint{.config = test::shape("odd")}.bytes(), {GetParam(), 16}};
  const test::Exact<uint8_t> memory_{1 << 16};
};

/// The sets that every processor of the architecture can run, the widest first: sse2 or neon, swar, scalar.
std::vector<std::string> plain_sets() {
  std::vector<std::string> names;
  for (const Kernels* kernels : model::all_kernels())
    if (kernels->needs == rt::CpuFeatures{}) names.push_back(kernels->name);
  return names;
}

TEST_P(MeasureKernels, TimesEveryUsableSetAndNoOther) {
  const auto plain = measure({}, {5}, 0);
  size_t usable = 0;
  for (const Kernels* kernels : model::all_kernels()) usable += kernels->needs == rt::CpuFeatures{};
  EXPECT_EQ(plain.size(), usable);
  for (const Timing& timing : plain) EXPECT_EQ(timing.kernels->needs, rt::CpuFeatures{});
  const auto here = measure(test::cpu_features(), {5}, 0);
  EXPECT_GE(here.size(), plain.size());
  for (const Timing& timing : here) {
    EXPECT_TRUE(model::usable(*timing.kernels, test::cpu_features()));
    EXPECT_EQ(timing.ticks, 5u);
  }
}

TEST_P(MeasureKernels, TheFastestComesFirst) {
  // With a budget of 0 each set is timed once: from one reading to the next.
  const auto timings = measure({}, {0, 30, 0, 10, 0, 20}, 0);
  const std::vector<std::string> sets = plain_sets();
  ASSERT_EQ(timings.size(), 3u);
  EXPECT_EQ(timings[0].kernels->name, sets[1]);
  EXPECT_EQ(timings[0].ticks, 10u);
  EXPECT_EQ(timings[1].kernels->name, sets[2]);
  EXPECT_EQ(timings[1].ticks, 20u);
  EXPECT_EQ(timings[2].kernels->name, sets[0]);
  EXPECT_EQ(timings[2].ticks, 30u);
}

TEST_P(MeasureKernels, OfEquallyFastSetsTheWiderComesFirst) {
  const auto timings = measure({}, {0, 10}, 0);
  const std::vector<std::string> sets = plain_sets();
  ASSERT_EQ(timings.size(), sets.size());
  for (size_t i = 0; i < sets.size(); ++i) EXPECT_EQ(timings[i].kernels->name, sets[i]);
}

TEST_P(MeasureKernels, TheBestOfTheTimesThatFitTheBudgetCounts) {
  // A reading at the start of each set, then 9, 4 and 7 ticks: 20 are over after the third.
  const auto timings = measure({}, {1, 9, 4, 7}, 20);
  ASSERT_EQ(timings.size(), 3u);
  for (const Timing& timing : timings) EXPECT_EQ(timing.ticks, 4u);
  EXPECT_EQ(g_read, 12u);
}

TEST_P(MeasureKernels, TooLittleMemoryIsSaid) {
  bool refused = false, taken = false;
  for (uint64_t bytes = 0; bytes < 4096; bytes += 3) {
    const test::Exact<uint8_t> memory(bytes);
    rt::Arena arena(memory.span());
    Timing timings[model::kMostKernelSets];
    g_steps = {5};
    const auto found = model::measure_kernels(loaded_.model.embedding, {},
                                              scripted_clock, 0, timings, arena);
    (found ? taken : refused) = true;
    if (!found) EXPECT_EQ(found.error().code, rt::Errc::out_of_memory);
    EXPECT_EQ(arena.used(), 0u);
  }
  EXPECT_TRUE(refused && taken);
}

INSTANTIATE_TEST_SUITE_P(Precisions, MeasureKernels,
                         testing::Values(model::Precision::f32, model::Precision::q8),
                         test::precision_name);

}  // namespace
