#include "model/formats/stored_types.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/unit/exact.hpp"
#include "tests/host/naive_blocks.hpp"

namespace {

using model::Packed;
using model::StoredType;
using test::BlockFacts;
using test::Exact;

TEST(StoredTypes, AreFoundByTheirNumbers) {
  for (const BlockFacts& f : test::kBlockFacts) {
    const StoredType* type = model::find_stored_type(f.id);
    ASSERT_NE(type, nullptr) << f.name;
    EXPECT_STREQ(type->name, f.name);
    EXPECT_EQ(type->block_cols, f.cols);
    EXPECT_EQ(type->block_bytes, f.bytes);
    EXPECT_TRUE(type->quantized());
    EXPECT_EQ(type->bytes(f.cols * 3), f.bytes * 3);
  }
  for (const uint32_t id : {0, 1, 30}) EXPECT_FALSE(model::find_stored_type(id)->quantized());
  for (const uint32_t id : {4, 5, 9, 15, 16, 31, 39, 99}) EXPECT_EQ(model::find_stored_type(id), nullptr);
}

/// 16 bits for a half float: any that are finite, and often those at the edges.
uint16_t any_half(std::mt19937& random) {
  constexpr uint16_t kEdges[] = {0, 0x8000, 1, 0x8001, 0x3ff, 0x400, 0x83ff, 0x8400, 0x7bff, 0xfbff, 0x3c00};
  if (random() % 3 == 0) return kEdges[random() % 11];
  const auto bits = uint16_t(random());
  return (bits & 0x7c00) == 0x7c00 ? uint16_t(bits & 0x83ff) : bits;
}

class EveryStoredType : public testing::TestWithParam<BlockFacts> {
 protected:
  const BlockFacts& facts_ = GetParam();
  const StoredType& type_ = *model::find_stored_type(facts_.id);
  std::mt19937 random_{7};
};

TEST_P(EveryStoredType, IsUnpackedAsItsFactsSay) {
  for (int time = 0; time < 300; ++time) {
    const Exact<uint8_t> row(test::made_row(facts_, facts_.cols * 2, random_, [&] { return any_half(random_); }));
    const Exact<float> out(facts_.cols * 2);
    model::unpack(type_, row.data(), facts_.cols * 2, out.data());
    for (uint32_t c = 0; c < facts_.cols * 2; ++c) {
      const auto w = test::naive_weight(facts_.id, row.data() + c / facts_.cols * facts_.bytes, c % facts_.cols);
      float expected = float(w.d) * 0x1p-24f * float(w.q);
      if (facts_.m >= 0) expected += float(w.m) * 0x1p-24f;
      ASSERT_EQ(out[c], expected) << "column " << c << " of block " << time;
    }
  }
}

/// D and M of a record, and the weights in it, read back one by one as record.hpp says.
TEST_P(EveryStoredType, IsPackedWithoutLoss) {
  const model::Record& r = type_.record;
  const uint32_t cols = r.two_levels ? 512 : 96;
  for (int time = 0; time < 100; ++time) {
    const auto half = [&] {
      uint16_t bits;
      do bits = any_half(random_);
      while ((bits & 0x7fff) >= (r.two_levels ? 0x2c00 : 0x4c00));
      return bits;
    };
    const Exact<uint8_t> block(r.block_bytes(cols));
    std::memset(block.data(), 0, block.size());
    std::vector<std::vector<uint8_t>> rows;
    for (uint32_t lane = 0; lane < 16; ++lane) {
      rows.push_back(test::made_row(facts_, cols, random_, half));
      const Exact<uint8_t> exact(rows.back());
      const Packed packed = model::pack_row(type_, exact.data(), cols, block.data(), lane);
      ASSERT_EQ(packed, Packed::ok);
    }
    for (uint32_t lane = 0; lane < 16; ++lane)
      for (uint32_t c = 0; c < r.in_row(cols) * r.cols; ++c) {
        const uint8_t* record = block.data() + c / r.cols * r.bytes;
        const uint32_t in_record = c % r.cols, u = in_record / r.unit, col = c % 32;
        const uint8_t* group = record + r.head_bytes + in_record / 32 * r.group_bytes;
        int q = r.bits == 8 ? static_cast<int8_t>(group[col / 4 * 64 + lane * 4 + col % 4])
                            : group[col % 16 / 4 * 64 + lane * 4 + col % 4] >> col / 16 * 4 & 15;
        q -= r.zero;
        int64_t d, m = 0;
        if (r.two_levels) {
          d = test::naive_half(record + 2 * lane) * static_cast<int8_t>(record[64 + 16 * u + lane]);
          if (r.minimum)
            m = test::naive_half(record + 32 + 2 * lane) * static_cast<int8_t>(record[64 + 16 * (r.units + u) + lane]);
        } else {
          d = test::naive_half(record + 32 * u + 2 * lane);
          if (r.minimum) m = test::naive_half(record + 64 + 32 * u + 2 * lane);
        }
        if (c >= cols) {
          ASSERT_EQ(d, 0) << "padding is not zero";
          ASSERT_EQ(m, 0) << "padding is not zero";
          continue;
        }
        const auto w =
            test::naive_weight(facts_.id, rows[lane].data() + c / facts_.cols * facts_.bytes, c % facts_.cols);
        ASSERT_EQ(d, w.d) << "column " << c << " of row " << lane;
        ASSERT_EQ(m, w.m) << "column " << c << " of row " << lane;
        ASSERT_EQ(q, w.q) << "column " << c << " of row " << lane;
      }
  }
}

TEST_P(EveryStoredType, IsRefusedWhereAScaleIsNotFinite) {
  const std::vector<uint8_t> good = test::made_row(facts_, facts_.cols * 2, random_, [] { return 0x2000; });
  for (const int offset : {facts_.d, facts_.m})
    for (const uint32_t block : {0, 1})
      for (const uint16_t bad : {0x7c00, 0xfc00, 0x7c01, 0xfe00}) {
        if (offset < 0) continue;
        std::vector<uint8_t> row = good;
        std::memcpy(row.data() + block * facts_.bytes + offset, &bad, 2);
        Exact<uint8_t> packed(type_.record.block_bytes(facts_.cols * 2));
        EXPECT_EQ(model::pack_row(type_, row.data(), facts_.cols * 2, packed.data(), 3), Packed::not_finite)
            << std::hex << bad << " at " << offset;
      }
}

TEST_P(EveryStoredType, IsRefusedWhereSumsCouldPass64Bits) {
  for (const int offset : {facts_.d, facts_.m}) {
    if (offset < 0) continue;
    std::vector<uint8_t> row(facts_.bytes, 0xff);
    const uint16_t one = 0x2000, large = 0x7bff;
    std::memcpy(row.data() + facts_.d, &one, 2);
    if (facts_.m >= 0) std::memcpy(row.data() + facts_.m, &one, 2);
    const uint64_t bytes = type_.record.block_bytes(facts_.cols);
    EXPECT_EQ(model::pack_row(type_, row.data(), facts_.cols, Exact<uint8_t>(bytes).data(), 0), Packed::ok);
    std::memcpy(row.data() + offset, &large, 2);
    EXPECT_EQ(model::pack_row(type_, row.data(), facts_.cols, Exact<uint8_t>(bytes).data(), 0), Packed::too_large);
  }
}

INSTANTIATE_TEST_SUITE_P(Types, EveryStoredType, testing::ValuesIn(test::kBlockFacts),
                         [](const auto& info) { return std::string(info.param.name); });

TEST(StoredTypes, LongRowsOfLargeWeightsAreRefusedBeforeTheirSumPasses64Bits) {
  const StoredType& q8 = *model::find_stored_type(8);
  for (const auto& [cols, expected] : {std::pair{7968u, Packed::ok}, {8224u, Packed::too_large}}) {
    std::vector<uint8_t> row(q8.bytes(cols));
    for (size_t at = 0; at < row.size(); at += 34) row[at + 1] = 0x3c;  // 1.0: up to 128 in each weight
    Exact<uint8_t> block(q8.record.block_bytes(cols));
    EXPECT_EQ(model::pack_row(q8, row.data(), cols, block.data(), 0), expected) << cols;
  }
}

TEST(StoredTypes, EveryHalfFloatHasItsValueAndComesBack) {
  for (uint32_t bits = 0; bits < 65536; ++bits) {
    const uint8_t bytes[] = {uint8_t(bits), uint8_t(bits >> 8)};
    const float value = model::half_to_float(uint16_t(bits));
    if ((bits & 0x7c00) != 0x7c00) {
      ASSERT_EQ(value, float(test::naive_half(bytes)) * 0x1p-24f);
      ASSERT_EQ(std::signbit(value), bits >> 15);
    } else if (bits & 0x3ff) {
      ASSERT_TRUE(std::isnan(value)) << bits;
      ASSERT_TRUE(std::isnan(model::half_to_float(model::float_to_half(value))));
      continue;
    } else {
      ASSERT_EQ(value, bits >> 15 ? -INFINITY : INFINITY);
    }
    ASSERT_EQ(model::float_to_half(value), bits);
  }
}

TEST(StoredTypes, HalfFloatsAreTheNearest) {
  for (uint32_t bits = 0; bits < 0x7bff; ++bits) {
    const float low = model::half_to_float(uint16_t(bits)), high = model::half_to_float(uint16_t(bits + 1));
    const float middle = low + (high - low) / 2;
    ASSERT_EQ(model::float_to_half(std::nextafter(middle, 0.0f)), bits);
    ASSERT_EQ(model::float_to_half(middle), bits + bits % 2);
    ASSERT_EQ(model::float_to_half(-middle), (bits + bits % 2) | 0x8000);
    ASSERT_EQ(model::float_to_half(std::nextafter(middle, INFINITY)), bits + 1);
  }
  EXPECT_EQ(model::float_to_half(65519.996f), 0x7bff);
  EXPECT_EQ(model::float_to_half(65520.0f), 0x7c00);
  EXPECT_EQ(model::float_to_half(0x1p-149f), 0);
}

TEST(StoredTypes, FloatsAreUnpackedAsTheyAre) {
  const std::vector<uint8_t> bytes = {0x00, 0x00, 0x80, 0xbf, 0x00, 0x00, 0xc0, 0x7f};
  float out[4];
  model::unpack(*model::find_stored_type(0), bytes.data(), 2, out);
  EXPECT_EQ(out[0], -1.0f);
  EXPECT_TRUE(std::isnan(out[1]));
  const uint8_t halves[] = {0x01, 0x00, 0x00, 0x3c, 0x00, 0x80};
  model::unpack(*model::find_stored_type(1), halves, 3, out);
  EXPECT_EQ(out[0], 0x1p-24f);
  EXPECT_EQ(out[1], 1.0f);
  EXPECT_TRUE(out[2] == 0 && std::signbit(out[2]));
  const uint8_t uppers[] = {0x80, 0x3f, 0x49, 0xc0};
  model::unpack(*model::find_stored_type(30), uppers, 2, out);
  EXPECT_EQ(out[0], 1.0f);
  EXPECT_EQ(out[1], -3.140625f);
}

TEST(StoredTypes, FloatsBecomeTheNearestBytes) {
  std::mt19937 random(3);
  for (int time = 0; time < 2000; ++time) {
    float x[32];
    const float size = std::ldexp(1.0f, int(random() % 40) - 28);
    for (float& v : x) v = float(int32_t(random())) * 0x1p-31f * size;
    uint8_t block[34];
    ASSERT_TRUE(model::round_to_q8_0(x, block));
    float most = 0;
    for (const float v : x) most = std::fmax(most, std::fabs(v));
    const uint16_t half = uint16_t(block[0] | block[1] << 8);
    ASSERT_EQ(half, model::float_to_half(most / 127));
    const float scale = model::half_to_float(half);
    for (uint32_t i = 0; i < 32; ++i) {
      const float nearest = scale == 0 ? 0 : std::fmax(-127, std::fmin(127, std::nearbyint(x[i] / scale)));
      ASSERT_EQ(static_cast<int8_t>(block[2 + i]), nearest) << x[i] << " / " << scale;
    }
  }
  float bad[32] = {1, NAN, 2};
  uint8_t block[34];
  EXPECT_FALSE(model::round_to_q8_0(bad, block));
  bad[1] = INFINITY;
  EXPECT_FALSE(model::round_to_q8_0(bad, block));
  bad[1] = 1e10f;
  EXPECT_FALSE(model::round_to_q8_0(bad, block));
}

}  // namespace
