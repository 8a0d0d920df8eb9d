// Weights: what Checkpoint::load makes of a file.
#include <random>

#include "model/formats/llama2c.hpp"
#include "model/pack.hpp"
#include "tests/unit/made_model.hpp"
#include "tests/unit/reference_llama.hpp"

namespace {

using model::Checkpoint;
using model::Precision;
using model::Matrix;
using test::LoadedModel;
using test::MadeCheckpoint;
using test::PlainModel;
using test::Tensor;

constexpr Precision kPrecisions[] = {Precision::f32, Precision::q8};

void expect_same_matrix(const Matrix& matrix, const Tensor& plain, uint32_t copy) {
  ASSERT_EQ(matrix.rows, plain.rows);
  ASSERT_EQ(matrix.cols, plain.cols);
  ASSERT_EQ(reinterpret_cast<uint64_t>(matrix.block(0)) % 64, 0u);
  std::vector<float> row(matrix.cols);
  const float* expected = &plain.w[uint64_t{copy} * matrix.rows * matrix.cols];
  for (uint32_t r = 0; r < matrix.rows; ++r, expected += matrix.cols) {
    model::unpack_row(matrix, r, row.data());
    ASSERT_EQ(std::memcmp(row.data(), expected, matrix.cols * sizeof(float)), 0) << "row " << r;
  }
}

void expect_same_vector(const float* vector, const Tensor& plain, uint32_t copy) {
  ASSERT_EQ(std::memcmp(vector, &plain.w[copy * plain.cols], plain.cols * sizeof(float)), 0);
}

void expect_same_weights(const model::Model& model, const PlainModel& plain) {
  ASSERT_NO_FATAL_FAILURE(expect_same_matrix(model.embedding, plain.embedding, 0));
  ASSERT_NO_FATAL_FAILURE(expect_same_matrix(model.classifier, plain.classifier, 0));
  ASSERT_NO_FATAL_FAILURE(expect_same_vector(model.final_norm, plain.final_norm, 0));
  ASSERT_EQ(model.layers.count, plain.config.n_layers);
  for (uint32_t i = 0; i < plain.config.n_layers; ++i) {
    const model::Layer& layer = model.layers[i];
    ASSERT_NO_FATAL_FAILURE(expect_same_vector(layer.attn_norm, plain.attn_norm, i));
    ASSERT_NO_FATAL_FAILURE(expect_same_vector(layer.ffn_norm, plain.ffn_norm, i));
    ASSERT_NO_FATAL_FAILURE(expect_same_matrix(layer.wq, plain.wq, i));
    ASSERT_NO_FATAL_FAILURE(expect_same_matrix(layer.wk, plain.wk, i));
    ASSERT_NO_FATAL_FAILURE(expect_same_matrix(layer.wv, plain.wv, i));
    ASSERT_NO_FATAL_FAILURE(expect_same_matrix(layer.wo, plain.wo, i));
    ASSERT_NO_FATAL_FAILURE(expect_same_matrix(layer.w1, plain.w1, i));
    ASSERT_NO_FATAL_FAILURE(expect_same_matrix(layer.w2, plain.w2, i));
    ASSERT_NO_FATAL_FAILURE(expect_same_matrix(layer.w3, plain.w3, i));
  }
}

/// A version 2 file of any numbers, in groups of any size that divides every tensor.
std::vector<uint8_t> any_version2(const model::Config& c, uint32_t group) {
  std::mt19937 random(3);
  std::vector<uint8_t> file(256);
  const uint32_t start[] = {0x616b3432, 2, c.dim, c.hidden_dim, c.n_layers, c.n_heads,
                            c.n_kv_heads, c.vocab_size, c.seq_len};
  std::memcpy(file.data(), start, sizeof start);
  file[36] = 1;
  std::memcpy(&file[37], &group, sizeof group);
  const auto floats = [&](uint64_t n) {
    for (; n; --n) {
      const float value = float(random() % 1000 + 1) / 999.0f;
      const auto* bytes = reinterpret_cast<const uint8_t*>(&value);
      file.insert(file.end(), bytes, bytes + 4);
    }
  };
  const auto tensor = [&](uint64_t copies, uint64_t weights) {
    for (; copies; --copies) {
      for (uint64_t i = 0; i < weights; ++i) file.push_back(uint8_t(random()));
      floats(weights / group);
    }
  };
  const uint64_t dim = c.dim, hidden = c.hidden_dim, layers = c.n_layers;
  floats((2 * layers + 1) * dim);
  tensor(1, c.vocab_size * dim);
  for (const uint64_t weights : {dim * dim, c.kv_dim() * dim, c.kv_dim() * dim, dim * dim,
                                 hidden * dim, hidden * dim, hidden * dim})
    tensor(layers, weights);
  return file;
}

/// Every kind of file of every small shape.
template <class Check>
void for_every_file(Check check) {
  for (const model::Config& shape : test::small_shapes())
    for (const int version : {0, 1, 2})
      for (const bool shared : {false, true}) {
        SCOPED_TRACE("version " + std::to_string(version) + ", dim " + std::to_string(shape.dim) +
                     (shared ? "" : ", separate classifier"));
        check(MadeCheckpoint{.config = shape, .shared_classifier = shared,
                             .version = version}.bytes());
        if (testing::Test::HasFatalFailure()) return;
      }
}

TEST(CheckpointLoad, Float32WeightsAreThoseOfTheFile) {
  for_every_file([](const std::vector<uint8_t>& file) {
    const LoadedModel loaded(file, {Precision::f32});
    expect_same_weights(loaded.model, PlainModel(file));
  });
}

TEST(CheckpointLoad, Int8WeightsAreThoseOfTheFileRounded) {
  for_every_file([](const std::vector<uint8_t>& file) {
    for (const uint32_t group_size : {4, 32, 384}) {
      const LoadedModel loaded(file, {Precision::q8, group_size});
      PlainModel plain(file);
      if (plain.version != 2)
        plain.quantize(loaded.group_dim(), loaded.group_hidden_dim());
      ASSERT_NO_FATAL_FAILURE(expect_same_weights(loaded.model, plain));
    }
  });
}

TEST(CheckpointLoad, GroupsThatStraddleRowsKeepEveryWeight) {
  const struct {
    model::Config shape;
    uint32_t group, dim, hidden_dim;  // the file's; those in memory
  } cases[] = {{{64, 172, 2, 8, 4, 20, 8}, 64, 64, 4},
               {{64, 40, 2, 4, 4, 30, 8}, 64, 64, 8},
               {{8, 24, 2, 2, 2, 16, 8}, 64, 8, 8},
               {{16, 9, 1, 1, 1, 2, 1}, 16, 16, 1},
               {{8, 6, 1, 2, 2, 6, 4}, 16, 8, 2},
               {{4, 3, 1, 1, 1, 2, 1}, 1, 1, 1}};
  for (const auto& c : cases) {
    const auto file = any_version2(c.shape, c.group);
    for (const Precision precision : kPrecisions) {
      const LoadedModel loaded(file, {precision});
      EXPECT_EQ(loaded.group_dim(), c.dim);
      EXPECT_EQ(loaded.group_hidden_dim(), c.hidden_dim);
      ASSERT_NO_FATAL_FAILURE(expect_same_weights(loaded.model, PlainModel(file)));
    }
  }
}

TEST(CheckpointLoad, RoundingAFloat32FileGivesTheVersion2FileOfItsWeights) {
  for (const char* name : {"tiny", "gqa"})
    for (const uint32_t group : {4, 16, 32}) {
      const model::Config shape = test::shape(name);
      if (shape.hidden_dim % group) continue;  // groups of 16 would straddle rows of 172
      const LoadedModel rounded(MadeCheckpoint{.config = shape}.bytes(), {Precision::q8, group});
      const LoadedModel stored(
          MadeCheckpoint{.config = shape, .version = 2, .group_size = group}.bytes(), {Precision::q8});
      for (uint32_t i = 0; i <= shape.n_layers; ++i) {
        const auto matrices = [&](const model::Model& m) {
          if (i == shape.n_layers) return std::vector<Matrix>{m.embedding};
          const model::Layer& l = m.layers[i];
          return std::vector<Matrix>{l.wq, l.wk, l.wv, l.wo, l.w1, l.w2, l.w3};
        };
        const auto a = matrices(rounded.model), b = matrices(stored.model);
        for (size_t m = 0; m < a.size(); ++m) {
          ASSERT_EQ(a[m].bytes(), b[m].bytes());
          EXPECT_EQ(std::memcmp(a[m].block(0), b[m].block(0), a[m].bytes()), 0)
              << name << ", groups of " << group << ", layer " << i << ", matrix " << m;
        }
      }
    }
}

TEST(CheckpointLoad, ASharedClassifierIsTheEmbedding) {
  for (const bool shared : {false, true}) {
    const auto file = MadeCheckpoint{.config = test::shape("odd"), .shared_classifier = shared};
    const LoadedModel loaded(file.bytes(), {});
    EXPECT_EQ(loaded.model.classifier.block(0) == loaded.model.embedding.block(0), shared);
  }
}

TEST(CheckpointLoad, RowsThatFillUpABlockAreZero) {
  for_every_file([](const std::vector<uint8_t>& file) {
    for (const Precision precision : kPrecisions) {
      const LoadedModel loaded(file, {precision});
      const model::Layer& layer = loaded.model.layers[0];
      for (const Matrix& matrix : {loaded.model.classifier, layer.wq, layer.wk, layer.w1, layer.w2})
        for (uint32_t row = matrix.rows; row % 16; ++row) {
          std::vector<float> out(matrix.cols, 1.0f);
          model::unpack_row(matrix, row, out.data());
          for (const float value : out) ASSERT_EQ(value, 0);
        }
    }
  });
}

TEST(CheckpointLoad, TheSizesOfThePiecesDoNotMatter) {
  std::mt19937 random(1);
  std::vector<uint64_t> any(997);
  for (uint64_t& n : any) n = 1 + random() % 300;
  const std::vector<uint64_t> kinds[] = {{1}, {2, 3, 1}, {4}, {145}, any, {1 << 20}};
  for (const int version : {0, 1, 2})
    for (const Precision precision : kPrecisions) {
      const auto file = MadeCheckpoint{.config = test::shape("odd"), .version = version}.bytes();
      const PlainModel plain(file);
      const LoadedModel whole(file, {precision});
      for (const auto& pieces : kinds) {
        test::PieceSource source(file, pieces);
        const LoadedModel loaded(source, {precision});
        EXPECT_EQ(source.position(), file.size());
        // Behind the layers, which hold addresses, every byte is the same.
        const uint64_t from = rt::round_up(whole.model.layers.bytes(), 64);
        const uint64_t n = whole.memory->size() - from;
        EXPECT_EQ(std::memcmp(&(*loaded.memory)[from], &(*whole.memory)[from], n), 0);
      }
    }
}

TEST(CheckpointLoad, TakesExactlyTheMemoryThatWasSaid) {
  for_every_file([](const std::vector<uint8_t>& file) {
    for (const Precision precision : kPrecisions) {
      const LoadedModel loaded(file, {precision});
      EXPECT_EQ(loaded.arena.used(), loaded.memory->size());
    }
  });
}

/// Loads with memory and a medium as given; scratch must be as before.
rt::Result<void> try_load(const std::vector<uint8_t>& bytes, Precision precision, uint64_t lacking,
                          uint64_t scratch_lacking, uint64_t broken_from) {
  test::PieceSource source(bytes, {1000});
  model::Stream stream(source);
  test::HostPages pages;
  rt::Arena head(pages);
  const model::ModelFile* file = test::need(model::open_model(stream, head, head));
  const model::TensorPlan* plan = test::need(file->plan({precision}, head));
  source.broken_from = broken_from;
  const test::Exact<uint8_t> memory(plan->arena_bytes() - lacking);
  const test::Exact<uint8_t> scratch_memory(file->scratch_bytes() + 64 - scratch_lacking);
  rt::Arena arena(memory.span()), scratch(scratch_memory.span());
  model::Model model;
  if (rt::Result<void> done = plan->allocate(model, arena); !done) return done;
  EXPECT_TRUE(scratch.make_raw<uint8_t>(64));  // somebody else's
  const rt::Result<void> done = file->load(stream, model, scratch);
  EXPECT_EQ(scratch.used(), 64u) << "scratch is not rewound";
  return done;
}

TEST(CheckpointLoad, OneByteTooFewIsSaidToBeTooFew) {
  for (const int version : {0, 1, 2})
    for (const Precision precision : kPrecisions) {
      const auto file = MadeCheckpoint{.config = test::shape("odd"), .version = version}.bytes();
      EXPECT_TRUE(try_load(file, precision, 0, 0, ~0ull));
      for (const auto& [lacking, scratch_lacking] :
           {std::pair{1, 0}, {0, 1}, {5000, 0}, {0, 200}}) {
        const rt::Result<void> model =
            try_load(file, precision, uint64_t(lacking), uint64_t(scratch_lacking), ~0ull);
        ASSERT_FALSE(model);
        EXPECT_EQ(model.error().code, rt::Errc::out_of_memory);
      }
    }
}

TEST(CheckpointLoad, ABrokenMediumIsReportedWhereverItBreaks) {
  for (const int version : {0, 1, 2})
    for (const Precision precision : kPrecisions) {
      const auto file = MadeCheckpoint{.config = test::shape("odd"), .version = version}.bytes();
      for (uint64_t at = version ? 1000 : 1000; at < file.size(); at += at < 1000 ? 1 : 2039) {
        const rt::Result<void> model = try_load(file, precision, 0, 0, at);
        ASSERT_FALSE(model) << at;
        EXPECT_STREQ(model.error().text, "made.bin: the medium is broken");
      }
      EXPECT_FALSE(try_load(file, precision, 0, 0, file.size() - 1));
    }
}

TEST(CheckpointLoad, RowsFallIntoEqualGroupsNoLongerThanWasAsked) {
  const struct {
    uint32_t dim, hidden_dim, asked, dim_size, hidden_dim_size;
  } cases[] = {{288, 768, 384, 288, 384},  {512, 1376, 384, 256, 344}, {64, 172, 384, 64, 172},
               {768, 2048, 384, 384, 344}, {288, 768, 96, 96, 96},     {36, 50, 32, 20, 28},
               {36, 50, 384, 36, 50},      {2, 1, 4, 2, 1}};
  for (const auto& c : cases) {
    const Checkpoint checkpoint{.info = {.config = {c.dim, c.hidden_dim, 1, 1, 1, 1, 1}}};
    const model::Storage storage{Precision::q8, c.asked};
    EXPECT_EQ(checkpoint.group_of(c.dim, storage), c.dim_size) << c.dim << " by " << c.asked;
    EXPECT_EQ(checkpoint.group_of(c.hidden_dim, storage), c.hidden_dim_size) << c.hidden_dim << " by " << c.asked;
    EXPECT_LE(checkpoint.group_of(c.hidden_dim, storage), c.asked);
  }
}

}  // namespace
