// Every kernel set against formulas written out in the obvious way, with ==: the int8 operations.
#include "model/tensor.hpp"
#include "tests/unit/kernel_sets.hpp"

namespace {

using test::Exact;
using test::Floats;
using test::kLanes;

/// Activation vectors in int8: room for what quantize() writes and multiply_q8() reads.
struct Vectors {
  Vectors(uint32_t n, uint32_t groups, uint32_t words)
      : q(uint64_t{n} * groups * words * 4), pairs(q.size()), scale(uint64_t{n} * groups),
        offset(scale.size()) {}
  model::Quantized span() const { return {q.data(), pairs.data(), scale.data(), offset.data()}; }

  /// Fills in what follows from q.
  void derive() {
    const uint64_t stride = q.size() / scale.size();
    for (uint64_t i = 0; i < q.size(); i += 4) {
      pairs[i] = q[i], pairs[i + 1] = q[i + 2], pairs[i + 2] = q[i + 1], pairs[i + 3] = q[i + 3];
    }
    for (uint64_t at = 0; at < scale.size(); ++at) {
      int32_t sum = 0;
      for (uint64_t i = 0; i < stride; ++i) sum += q[at * stride + i];
      offset[at] = -128 * sum;
    }
  }

  Exact<int8_t> q;
  Exact<int16_t> pairs;
  Exact<float> scale;
  Exact<int32_t> offset;
};

class Int8Products : public test::EveryKernelSet {
 protected:
  struct Shape {
    uint32_t blocks, groups, words, n;
  };

  /// Draws weights, activations and scales with the functions given, and compares the product.
  template <class Weight, class Activation>
  void multiply(const Shape& s, Floats scales, Weight weight, Activation activation) {
    const uint64_t stride = s.words * 4, group_bytes = (stride + 4) * kLanes;
    const Exact<uint8_t> w(s.blocks * s.groups * group_bytes);
    for (uint64_t at = 0; at < w.size(); at += group_bytes) {
      for (uint64_t i = 0; i < stride * kLanes; ++i) w[at + i] = uint8_t(weight() + 128);
      for (uint64_t r = 0; r < kLanes; ++r) {
        const float scale = test::draw_float(random_, scales);
        std::memcpy(&w[at + stride * kLanes + r * 4], &scale, 4);
      }
    }
    Vectors x(s.n, s.groups, s.words);
    for (int8_t& q : x.q) q = int8_t(activation());
    for (float& scale : x.scale) scale = test::draw_float(random_, scales);
    x.derive();

    const uint64_t rows = uint64_t{s.blocks} * kLanes, y_stride = rows + (s.n % 2 ? 48 : 0);
    const Exact<float> y((s.n - 1) * y_stride + rows), expected(y.size());
    GetParam()->multiply_q8({.w = w.data(), .blocks = s.blocks, .groups = s.groups,
                             .words = s.words, .x = x.span(), .n = s.n, .y = y.data(),
                             .y_stride = y_stride});
    for (uint32_t i = 0; i < s.n; ++i)
      for (uint64_t row = 0; row < rows; ++row) {
        float sum = 0;
        for (uint32_t g = 0; g < s.groups; ++g) {
          const uint8_t* group = w.data() + (row / kLanes * s.groups + g) * group_bytes;
          const uint64_t at = uint64_t{i} * s.groups + g;
          int64_t dot = 0;
          for (uint64_t col = 0; col < stride; ++col)
            dot += (int64_t{group[(col / 4 * kLanes + row % kLanes) * 4 + col % 4]} - 128) *
                   x.q[at * stride + col];
          float w_scale;
          std::memcpy(&w_scale, group + stride * kLanes + row % kLanes * 4, 4);
          sum += float(dot) * w_scale * x.scale[at];
        }
        expected[i * y_stride + row] = sum;
      }
    ASSERT_EQ(first_difference(y, expected), -1)
        << s.blocks << " blocks of " << s.groups << " groups of " << s.words << " words times "
        << s.n << " vectors";
  }

  /// The same with any int8 weights and activations.
  void multiply(const Shape& shape, Floats scales = Floats::wide) {
    multiply(shape, scales, [&] { return int(random_() % 256) - 128; },
             [&] { return int(random_() % 255) - 127; });
  }
};

TEST_P(Int8Products, OfEverySmallShapeAreRight) {
  for (uint32_t blocks : {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 16})
    for (uint32_t n : {1, 2, 3, 4, 5, 6, 7, 8, 9, 16})
      for (uint32_t words : {1, 2, 3, 5})
        for (uint32_t groups : {1, 2, 3})
          ASSERT_NO_FATAL_FAILURE(multiply({blocks, groups, words, n}));
}

TEST_P(Int8Products, OfModelsShapesAreRight) {
  for (const auto& [groups, words] :
       {std::pair{3u, 24u}, {8u, 24u}, {1u, 72u}, {43u, 1u}, {24u, 8u}})
    for (uint32_t blocks : {1, 5, 18})
      for (uint32_t n : {1, 2, 8, 9})
        ASSERT_NO_FATAL_FAILURE(multiply({blocks, groups, words, n}));
}

TEST_P(Int8Products, OfTheLargestNumbersAreExact) {
  for (const int weight : {-128, -127, 127})
    for (const int activation : {-127, 127})
      for (const uint32_t words : {1, 7, 96})
        for (const uint32_t n : {1, 8})
          ASSERT_NO_FATAL_FAILURE(multiply({5, 2, words, n}, Floats::ordinary,
                                           [&] { return weight; }, [&] { return activation; }));
}

TEST_P(Int8Products, OfTheLargestNumbersOfEverySignAreExact) {
  const int weights[] = {-128, -128, 127, 127, 0}, activations[] = {-127, 127, 0};
  for (uint32_t words = 1; words <= 40; ++words)
    ASSERT_NO_FATAL_FAILURE(multiply({2, 3, words, 1 + words % 9}, Floats::ordinary,
                                     [&] { return weights[random_() % 5]; },
                                     [&] { return activations[random_() % 3]; }));
}

TEST_P(Int8Products, OfTheLongestGroupsStayBelow32Bits) {
  for (const int weight : {-128, 127})
    for (const int activation : {-127, 127})
      ASSERT_NO_FATAL_FAILURE(multiply({1, 1, 65536 / 4, 1}, Floats::ordinary,
                                       [&] { return weight; }, [&] { return activation; }));
}

TEST_P(Int8Products, WithScalesOfAllKindsAreRight) {
  for (const Floats kind : test::kAllFloats)
    for (const uint32_t blocks : {1, 4, 9})
      for (const uint32_t n : {1, 3, 8})
        ASSERT_NO_FATAL_FAILURE(multiply({blocks, 2, 6, n}, kind));
}

INSTANTIATE_TEST_SUITE_P(Sets, Int8Products, test::all_sets(), test::set_name);

class Quantization : public test::EveryKernelSet {
 protected:
  /// Quantises `n` vectors whose numbers `draw` gives, in groups of `group_size`.
  template <class Draw>
  void quantize(uint32_t cols, uint32_t group_size, uint32_t n, Draw draw) {
    const model::Groups groups = model::Groups::of(cols, group_size);
    const uint64_t stride = cols + (n % 2 ? 3 : 0);
    const Exact<float> x((n - 1) * stride + cols, n % 4);
    for (uint32_t i = 0; i < n; ++i)
      for (uint32_t col = 0; col < cols; ++col) x[i * stride + col] = draw();
    const Vectors out(n, groups.count, groups.words);
    GetParam()->quantize({.x = x.data(), .n = n, .cols = cols, .x_stride = stride,
                          .group_size = group_size, .groups = groups.count,
                          .words = groups.words, .out = out.span()});

    Vectors expected(n, groups.count, groups.words);
    for (uint32_t i = 0; i < n; ++i)
      for (uint32_t g = 0; g < groups.count; ++g) {
        const uint64_t at = uint64_t{i} * groups.count + g;
        const uint32_t first = g * group_size;
        const float* const group = x.data() + i * stride + first;
        expected.scale[at] = round_group(group, std::min(group_size, cols - first),
                                         &expected.q[at * groups.stride()], groups.stride());
      }
    expected.derive();
    const auto message = [&] {
      return std::to_string(n) + " vectors of " + std::to_string(cols) + " in groups of " +
             std::to_string(group_size);
    };
    ASSERT_EQ(first_difference(out.scale, expected.scale), -1) << message();
    ASSERT_EQ(first_difference(out.q, expected.q), -1) << message();
    ASSERT_EQ(first_difference(out.pairs, expected.pairs), -1) << message();
    ASSERT_EQ(first_difference(out.offset, expected.offset), -1) << message();
  }

  void quantize(uint32_t cols, uint32_t group_size, uint32_t n, Floats kind) {
    quantize(cols, group_size, n, [&] { return test::draw_float(random_, kind); });
  }

 private:
  /// The contract of Kernels::quantize for one group; q: [stride]. Returns the scale.
  static float round_group(const float* x, uint32_t cols, int8_t* q, uint32_t stride) {
    float largest = 0;
    for (uint32_t j = 0; j < cols; ++j)
      if (std::fabs(x[j]) > largest) largest = std::fabs(x[j]);
    const float scale = largest / 127.0f;
    for (uint32_t j = 0; j < stride; ++j) {
      q[j] = 0;
      if (j >= cols || scale == 0 || std::isinf(scale)) continue;
      const float share = x[j] / scale;
      q[j] = std::isnan(share) ? 127 : int8_t(std::round(std::fmax(-127, std::fmin(127, share))));
    }
    return scale;
  }
};

TEST_P(Quantization, OfEverySmallShapeIsRight) {
  for (uint32_t cols = 1; cols <= 40; ++cols)
    for (uint32_t group_size : {1, 2, 3, 4, 5, 7, 8, 12, 16, 17, 31, 32, 33})
      if (group_size <= cols)
        ASSERT_NO_FATAL_FAILURE(quantize(cols, group_size, 1 + cols % 9, Floats::wide));
}

TEST_P(Quantization, OfModelsShapesIsRight) {
  for (const uint32_t cols : {64, 172, 288, 768, 1376})
    for (const uint32_t group_size : {4, 32, 50, 64, 96, 128})
      for (const uint32_t n : {1, 8})
        if (group_size <= cols)
          ASSERT_NO_FATAL_FAILURE(quantize(cols, group_size, n, Floats::ordinary));
}

TEST_P(Quantization, RoundsTiesAwayFromZero) {
  // With a largest number of 127 * 2^e the scale is 2^e, and halves are exact.
  for (const float scale : {1.0f, 0x1p-10f, 0x1p-126f, 0x1p100f}) {
    int next = 0;
    ASSERT_NO_FATAL_FAILURE(quantize(509, 509, 1, [&] { return (next++ - 254) * 0.5f * scale; }));
    next = 0;
    ASSERT_NO_FATAL_FAILURE(quantize(64, 16, 2, [&] {  // and their neighbours
      const float tie = (float(random_() % 127) + 0.5f) * scale;
      return next++ % 16 ? std::nextafter(tie, next % 3 ? 0.0f : INFINITY) : 127 * scale;
    }));
  }
}

TEST_P(Quantization, OfSubnormalNumbersIsRight) {
  for (uint32_t most : {1, 63, 64, 127, 128, 190, 191, 254, 1000, 100'000})
    for (uint32_t cols : {1, 3, 4, 16, 21})
      ASSERT_NO_FATAL_FAILURE(quantize(cols, cols, 2, [&] {
        return std::bit_cast<float>(uint32_t(random_() % (most + 1) | (random_() & 1) << 31));
      }));
}

TEST_P(Quantization, OfZerosIsZero) {
  ASSERT_NO_FATAL_FAILURE(quantize(20, 6, 3, [&] { return random_() & 1 ? 0.0f : -0.0f; }));
}

TEST_P(Quantization, OfAnyNumbersGivesWhatTheContractSays) {
  for (uint32_t cols : {1, 4, 7, 33})
    for (int time = 0; time < 200; ++time) {
      ASSERT_NO_FATAL_FAILURE(quantize(cols, 5, 2, Floats::any));
      const float special[] = {NAN, -NAN, INFINITY, -INFINITY, 0x1.fffffep127f, 1.0f, -3.0f, 0.0f};
      const size_t kinds = time % 3 ? 8 : 2;  // at times nothing but NaN
      ASSERT_NO_FATAL_FAILURE(quantize(cols, 6, 2, [&] { return special[random_() % kinds]; }));
    }
}

TEST_P(Quantization, OfNoNumbersAmongNumbersGivesWhatTheContractSays) {
  for (uint32_t cols : {3, 4, 5, 64, 67})
    for (uint32_t where = 0; where < cols; ++where) {
      uint32_t next = 0;
      ASSERT_NO_FATAL_FAILURE(quantize(cols, cols, 1, [&] {
        return next++ == where ? NAN : test::draw_float(random_, Floats::ordinary);
      }));
    }
}

INSTANTIATE_TEST_SUITE_P(Sets, Quantization, test::all_sets(), test::set_name);

}  // namespace
