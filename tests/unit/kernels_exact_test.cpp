// Exact products: every kernel set, every stored type, against five lines of arithmetic, with ==.
#include "model/exact.hpp"
#include "model/formats/stored_types.hpp"
#include "tests/unit/kernel_sets.hpp"
#include "tests/host/naive_blocks.hpp"

namespace {

using test::BlockFacts;
using test::Exact;

struct Activations {
  explicit Activations(uint32_t cols, uint32_t n)
      : together(n == 1 ? 1 : model::kExactBatch), padded((cols + 63) / 64 * 64), room((n + together - 1) / together * together),
        q(room * padded), by_32(room * padded / 32), by_16(room * padded / 16), scale(n) {}
  model::ExactVectors span() const {
    return {q.data(), by_32.data(), by_16.data(), scale.data(), padded, together};
  }
  /// Where a pair of columns, or a unit, of vector i is.
  uint64_t place(uint32_t i, uint64_t item, uint64_t items) const {
    return (i / together * items + item) * together + i % together;
  }

  uint32_t together;
  uint64_t padded, room;
  Exact<int16_t> q;
  Exact<model::ExactUnit> by_32, by_16;
  Exact<float> scale;
};

/// A vector in block floating point by the definition: plain columns, and each group's shift.
struct NaiveVector {
  explicit NaiveVector(const float* x, uint32_t cols) : q(cols), k(cols / 32) {
    float most = 0;
    for (uint32_t c = 0; c < cols; ++c) most = std::fmax(most, std::fabs(x[c]));
    scale = most / 32767 * 0x1p-28f;
    if (most == 0) return;
    for (uint32_t g = 0; g < cols / 32; ++g) {
      float largest = 0;
      for (uint32_t c = 32 * g; c < 32 * g + 32; ++c) largest = std::fmax(largest, std::fabs(x[c]));
      while (k[g] < 4 && std::ldexp(largest, k[g] + 1) <= most) ++k[g];
      for (uint32_t c = 32 * g; c < 32 * g + 32; ++c)
        q[c] = std::lrint(x[c] * std::ldexp(32767 / most, k[g]));
    }
  }
  std::vector<int64_t> q;
  std::vector<int> k;
  float scale;
};

class ExactProducts : public test::EveryKernelSet {
 protected:
  /// Products of `rows` rows that `row()` makes with `n` vectors that `x()` fills.
  template <class Row, class X>
  void multiply(const BlockFacts& f, uint32_t rows, uint32_t cols, uint32_t n, Row make_row, X number) {
    const model::StoredType& type = *model::find_stored_type(f.id);
    const uint32_t blocks = (rows + 15) / 16;
    const uint64_t block_bytes = type.record.block_bytes(cols);
    const Exact<uint8_t> w(blocks * block_bytes);
    std::memset(w.data(), 0, w.size());
    std::vector<std::vector<uint8_t>> stored;
    for (uint32_t row = 0; row < rows; ++row) {
      stored.push_back(make_row());
      ASSERT_EQ(model::pack_row(type, stored.back().data(), cols, w.data() + row / 16 * block_bytes, row % 16),
                model::Packed::ok);
    }
    // Vectors are padded as records are; the last one too.
    const Activations a(uint32_t(type.record.in_row(cols)) * type.record.cols, n);
    const Exact<float> x(uint64_t{cols} * n);
    for (uint32_t i = 0; i < n; ++i) {
      for (uint32_t c = 0; c < cols; ++c) x[i * cols + c] = number(c);
      model::quantize_exact(x.data() + i * cols, cols, a.span(), i);
    }
    const uint64_t stride = blocks * 16 + (n % 2 ? 0 : 16);
    const Exact<float> y((n - 1) * stride + blocks * 16), expected(y.size());
    GetParam()->multiply_exact({w.data(), &type.record, blocks, uint32_t(type.record.in_row(cols)), a.span(), n,
                                y.data(), stride});
    for (uint32_t i = 0; i < n; ++i) {
      const NaiveVector v(x.data() + i * cols, cols);
      for (uint32_t row = 0; row < blocks * 16; ++row) {
        __int128 sum = 0;
        for (uint32_t c = 0; row < rows && c < cols; ++c) {
          const auto weight = test::naive_weight(f.id, stored[row].data() + c / f.cols * f.bytes, c % f.cols);
          sum += __int128(weight.d * weight.q + weight.m) * v.q[c] * (1 << (4 - v.k[c / 32]));
        }
        ASSERT_EQ(__int128(int64_t(sum)), sum) << "the test's own numbers are too large";
        expected[i * stride + row] = float(int64_t(sum)) * v.scale;
      }
    }
    ASSERT_EQ(test::first_difference(y, expected), -1)
        << f.name << ", " << rows << " rows of " << cols << " columns times " << n;
  }

  void multiply(const BlockFacts& f, uint32_t rows, uint32_t cols, uint32_t n) {
    multiply(f, rows, cols, n, [&] { return test::made_row(f, cols, random_, [&] { return small_half(); }); },
             [&](uint32_t c) {
               const float x = test::draw_float(random_, test::Floats::ordinary);
               return c / 32 % 5 == 4 ? 0 : c / 32 % 5 == 3 ? x * 100 : x;
             });
  }

  /// Below 1/16, all signs; subnormal ones too.
  uint16_t small_half() { return uint16_t((random_() % 0x2c00) | (random_() & 0x8000)); }
};

TEST_P(ExactProducts, OfEveryTypeAndNumberOfVectorsAreRight) {
  for (const BlockFacts& f : test::kBlockFacts)
    for (uint32_t n = 1; n <= 10; ++n)
      for (const uint32_t rows : {16, 40}) ASSERT_NO_FATAL_FAILURE(multiply(f, rows, f.cols * (1 + n % 3), n));
}

TEST_P(ExactProducts, OfModelsShapesAreRight) {
  for (const BlockFacts& f : test::kBlockFacts)
    for (const uint32_t n : {1, 8, 17}) {
      ASSERT_NO_FATAL_FAILURE(multiply(f, 32, f.cols == 32 ? 576 : 512, n));
      ASSERT_NO_FATAL_FAILURE(multiply(f, 16, 1536, n));
    }
}

TEST_P(ExactProducts, OfNothingAreNothing) {
  for (const BlockFacts& f : test::kBlockFacts) {
    ASSERT_NO_FATAL_FAILURE(multiply(f, 0, f.cols, 3));
    ASSERT_NO_FATAL_FAILURE(multiply(f, 16, f.cols, 2,
                                     [&] { return test::made_row(f, f.cols, random_, [&] { return small_half(); }); },
                                     [&](uint32_t c) { return c % 2 ? 0.0f : -0.0f; }));
  }
}

TEST_P(ExactProducts, OfTheLargestNumbersAreExact) {
  // Every bit of the weights set or clear, with scales as large as are accepted: products and sums at their bounds.
  for (const BlockFacts& f : test::kBlockFacts)
    for (const uint8_t fill : {0x00, 0xff, 0x80, 0x7f, 0x55})
      for (const float x : {400.0f, -400.0f})
        for (const uint32_t n : {1, 8})
          for (const uint16_t half : {0x3bff, 0xbbff, 0x57ff}) {
            const uint32_t cols = f.cols == 32 ? 64 : 256;
            std::vector<uint8_t> row(cols / f.cols * f.bytes, fill);
            for (size_t at = 0; at < row.size(); at += f.bytes) {
              std::memcpy(&row[at + size_t(f.d)], &half, 2);
              if (f.m >= 0) std::memcpy(&row[at + size_t(f.m)], &half, 2);
            }
            const model::StoredType& type = *model::find_stored_type(f.id);
            Exact<uint8_t> probe(type.record.block_bytes(cols));
            if (model::pack_row(type, row.data(), cols, probe.data(), 0) != model::Packed::ok) continue;
            ASSERT_NO_FATAL_FAILURE(multiply(f, 16, cols, n, [&] { return row; }, [&](uint32_t) { return x; }));
          }
}

TEST_P(ExactProducts, WithOneLargeActivationKeepTheOthers) {
  for (const BlockFacts& f : test::kBlockFacts)
    ASSERT_NO_FATAL_FAILURE(multiply(
        f, 16, 512, 8, [&] { return test::made_row(f, 512, random_, [&] { return small_half(); }); },
        [&](uint32_t c) { return test::draw_float(random_, test::Floats::ordinary) * (c == 7 ? 1000 : 1); }));
}

TEST_P(ExactProducts, OfVectorsThatAreNotFiniteAreNotFinite) {
  const BlockFacts& f = test::kBlockFacts[0];
  const model::StoredType& type = *model::find_stored_type(f.id);
  const std::vector<uint8_t> row = test::made_row(f, 64, random_, [&] { return small_half(); });
  Exact<uint8_t> w(type.record.block_bytes(64));
  std::memset(w.data(), 0, w.size());
  ASSERT_EQ(model::pack_row(type, row.data(), 64, w.data(), 0), model::Packed::ok);
  for (const float bad : {NAN, -NAN, INFINITY, -INFINITY})
    for (const uint32_t n : {1, 3}) {
      std::vector<float> x(64, 1.0f);
      x[40] = bad;
      const Activations a(64, n);
      for (uint32_t i = 0; i < n; ++i) model::quantize_exact(x.data(), 64, a.span(), i);
      for (uint64_t at = 0; at < a.padded / 2; ++at)
        for (uint32_t i = 0; i < n; ++i) ASSERT_EQ(a.q[2 * a.place(i, at, a.padded / 2) + at % 2], 0);
      const Exact<float> y(16 * n);
      GetParam()->multiply_exact({w.data(), &type.record, 1, 1, a.span(), n, y.data(), 16});
      for (const float value : y) EXPECT_TRUE(std::isnan(value));
    }
}

INSTANTIATE_TEST_SUITE_P(Sets, ExactProducts, test::all_sets(), test::set_name);

class ExactActivations : public testing::Test {
 protected:
  /// As vector `i` of `n`.
  void check(const std::vector<float>& values, uint32_t i, uint32_t n) {
    const Exact<float> x(values);
    const auto cols = uint32_t(values.size());
    const Activations a(cols, n);
    model::quantize_exact(x.data(), cols, a.span(), i);
    std::vector<float> padded(values);
    padded.resize(a.padded);
    const NaiveVector v(padded.data(), uint32_t(a.padded));
    EXPECT_EQ(a.scale[i], v.scale);
    if (n > 1) EXPECT_EQ(a.q[2 * a.place(i ? 0 : 1, 0, a.padded / 2)], -1) << "another vector was touched";
    for (uint32_t c = 0; c < a.padded; ++c) {
      const uint32_t pair = c / 4 * 2 + c % 2, second = c % 4 / 2;
      ASSERT_EQ(a.q[2 * a.place(i, pair, a.padded / 2) + second], v.q[c]) << "column " << c;
    }
    for (uint32_t u = 0; u < a.padded / 16; ++u) {
      int64_t sum = 0;
      for (uint32_t c = 16 * u; c < 16 * u + 16; ++c) sum += v.q[c];
      const model::ExactUnit& unit = a.by_16[a.place(i, u, a.padded / 16)];
      if (v.scale != 0) ASSERT_EQ(unit.up, 4 - v.k[u / 2]);
      ASSERT_EQ(unit.sum, sum * (1 << unit.up));
      if (u % 2) continue;
      const model::ExactUnit& both = a.by_32[a.place(i, u / 2, a.padded / 32)];
      ASSERT_EQ(both.up, unit.up);
      ASSERT_EQ(both.sum, unit.sum + a.by_16[a.place(i, u + 1, a.padded / 16)].sum);
    }
  }
  void check(const std::vector<float>& values) {
    for (const auto& [i, n] : {std::pair{0u, 1u}, {0u, 2u}, {6u, 8u}, {11u, 17u}})
      ASSERT_NO_FATAL_FAILURE(check(values, i, n));
  }
  std::mt19937 random_{5};
};

TEST_F(ExactActivations, AreWhatTheDefinitionSays) {
  for (const uint32_t cols : {1, 4, 31, 32, 33, 63, 64, 65, 96, 288, 576, 1537})
    for (const test::Floats kind : {test::Floats::ordinary, test::Floats::wide, test::Floats::tiny}) {
      std::vector<float> x(cols);
      for (float& value : x) value = test::draw_float(random_, kind);
      ASSERT_NO_FATAL_FAILURE(check(x));
    }
}

TEST_F(ExactActivations, RoundTiesToEven) {
  std::vector<float> x(64);
  x[0] = 32767;
  for (uint32_t c = 1; c < 32; ++c) x[c] = float(c) - 16.5f;
  check(x);
}

TEST_F(ExactActivations, AtTheEdgesOfFloatsStayNumbers) {
  for (const float most : {0x1.fffffep127f, 0x1p-99f, 1.0f}) {
    std::vector<float> x(96, most);
    for (uint32_t c = 0; c < 96; ++c) x[c] = c % 3 ? -most : c < 32 ? most : most / float(c);
    check(x);
  }
  check(std::vector<float>(64, 0.0f));
  check(std::vector<float>(64, -0.0f));
  // What is below 2^-100 counts as zero.
  const Activations a(64, 1);
  const std::vector<float> x(64, 0x1p-120f);
  model::quantize_exact(x.data(), 64, a.span(), 0);
  EXPECT_EQ(a.scale[0], 0);
  for (const int16_t q : a.q) EXPECT_EQ(q, 0);
}

}  // namespace
