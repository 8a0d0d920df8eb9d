#include "model/transformer.hpp"

#include <algorithm>
#include <barrier>
#include <optional>
#include <random>

#include "tests/host/threads.hpp"
#include "tests/unit/cores.hpp"
#include "tests/unit/kernel_sets.hpp"
#include "tests/unit/made_model.hpp"
#include "tests/unit/reference_llama.hpp"

namespace {

using model::Precision;
using test::Exact;
using test::LoadedModel;
using test::MadeCheckpoint;
using test::PlainModel;
using Logits = std::vector<float>;
using Tokens = std::vector<model::Token>;

/// A transformer in memory of exactly the size that it asks for. All bits are one at first: what is
/// read before it is written is NaN.
class MadeTransformer {
 public:
  MadeTransformer(const LoadedModel& loaded, const model::Kernels& kernels,
                  rt::Workers& workers, uint32_t context = 0)
      : memory_(model::Transformer::arena_bytes(loaded.model.config, loaded.activations,
                                                context ? context : loaded.model.config.seq_len,
                                                workers.most_slices())),
        arena_(memory_.span()) {
    if (!context) context = loaded.model.config.seq_len;
    transformer_ =
        test::need(model::Transformer::create(loaded.model, context, kernels, workers, arena_));
    EXPECT_EQ(arena_.used(), memory_.size());
  }

  /// The logits after the last of `tokens`, which are copied to memory of just their size.
  Logits forward(const Tokens& tokens, uint32_t first) {
    const Exact<model::Token> exact(tokens);
    const rt::Span<float> logits = transformer_.forward(exact.span(), first);
    return {logits.begin(), logits.end()};
  }
  /// The logits after each of `tokens`, run one at a time.
  std::vector<Logits> one_by_one(const Tokens& tokens, uint32_t first = 0) {
    std::vector<Logits> all;
    for (const model::Token token : tokens) all.push_back(forward({token}, first++));
    return all;
  }

 private:
  Exact<uint8_t> memory_;
  rt::Arena arena_;
  model::Transformer transformer_;
};

Tokens draw_tokens(const model::Config& config, uint32_t n, uint32_t seed = 1) {
  std::mt19937 random(seed);
  Tokens tokens(n);
  for (model::Token& token : tokens) token = random() % config.vocab_size;
  return tokens;
}

Tokens slice(const Tokens& tokens, size_t first, size_t n) {
  return {tokens.begin() + int64_t(first), tokens.begin() + int64_t(first + n)};
}

class EveryTransformer : public test::EveryKernelSet {
 protected:
  MadeTransformer make(const LoadedModel& loaded, uint32_t context = 0) {
    return MadeTransformer(loaded, *GetParam(), alone_, context);
  }

  /// Compares the logits of `n` tokens, in runs of up to `most`, with the reference.
  void expect_reference(const std::vector<uint8_t>& file, model::Storage storage, uint32_t n,
                        uint32_t most) {
    const LoadedModel loaded(file, storage);
    PlainModel plain(file);
    const uint32_t dim = loaded.group_dim(), hidden_dim = loaded.group_hidden_dim();
    if (storage.precision == Precision::q8 && plain.version != 2) plain.quantize(dim, hidden_dim);
    if (storage.precision == Precision::f32)
      for (test::Tensor* t : {&plain.wq, &plain.wk, &plain.wv, &plain.wo, &plain.w1, &plain.w2,
                              &plain.w3, &plain.classifier})
        t->q.clear();
    test::ReferenceLlama reference(plain, dim, hidden_dim);
    MadeTransformer transformer = make(loaded);
    const Tokens tokens = draw_tokens(plain.config, std::min(n, plain.config.seq_len));
    for (uint32_t first = 0; first < tokens.size();) {
      const uint32_t run =
          std::min(uint32_t(tokens.size()) - first, 1 + uint32_t(random_()) % most);
      Logits expected;
      for (uint32_t i = first; i < first + run; ++i) expected = reference.forward(tokens[i], i);
      const Logits logits = transformer.forward(slice(tokens, first, run), first);
      ASSERT_EQ(test::first_difference(logits, expected), -1)
          << "after position " << first + run - 1 << ", dim " << plain.config.dim << ", version "
          << plain.version << ", in groups of " << dim << " and " << hidden_dim;
      first += run;
    }
  }

  rt::Alone alone_;
};

TEST_P(EveryTransformer, GivesLlama2csLogitsInFloat32) {
  for (const model::Config& shape : test::small_shapes())
    for (const bool shared : {true, false}) {
      const auto file = MadeCheckpoint{.config = shape, .shared_classifier = shared}.bytes();
      ASSERT_NO_FATAL_FAILURE(expect_reference(file, {Precision::f32}, 18, 1));
    }
}

TEST_P(EveryTransformer, GivesLlama2csLogitsInInt8) {
  for (const model::Config& shape : test::small_shapes())
    for (const uint32_t group_size : {8, 32, 384})
      ASSERT_NO_FATAL_FAILURE(expect_reference(MadeCheckpoint{.config = shape}.bytes(),
                                               {Precision::q8, group_size}, 10, 1));
}

TEST_P(EveryTransformer, GivesLlama2csLogitsFromInt8Files) {
  for (const model::Config& shape : test::small_shapes()) {
    const auto file = MadeCheckpoint{.config = shape, .version = 2}.bytes();
    for (const Precision precision : {Precision::f32, Precision::q8})
      ASSERT_NO_FATAL_FAILURE(expect_reference(file, {precision}, 10, 1));
  }
}

TEST_P(EveryTransformer, GivesLlama2csLogitsInALongText) {
  for (const Precision precision : {Precision::f32, Precision::q8})
    ASSERT_NO_FATAL_FAILURE(expect_reference(MadeCheckpoint{.config = test::shape("gqa")}.bytes(),
                                             {precision}, 100, 21));
}

TEST_P(EveryTransformer, GivesTheSameHoweverAPromptIsCut) {
  for (const char* name : {"odd", "gqa"})
    for (const Precision precision : {Precision::f32, Precision::q8}) {
      const LoadedModel loaded(MadeCheckpoint{.config = test::shape(name)}.bytes(), {precision});
      const Tokens tokens = draw_tokens(loaded.model.config, 40);
      MadeTransformer transformer = make(loaded);
      const std::vector<Logits> expected = transformer.one_by_one(tokens);
      for (const uint32_t n : {2, 3, 4, 5, 6, 7, 8, 9, 10, 15, 16, 17, 24, 25, 40})
        ASSERT_EQ(transformer.forward(slice(tokens, 0, n), 0), expected[n - 1])
            << name << ", all " << n << " at once";
      for (const uint32_t n : {2, 3, 5, 7, 8, 9, 13})
        for (size_t first = 0; first < tokens.size(); first += n) {
          const size_t run = std::min<size_t>(n, tokens.size() - first);
          ASSERT_EQ(transformer.forward(slice(tokens, first, run), uint32_t(first)),
                    expected[first + run - 1]) << name << ", " << n << " at a time";
        }
    }
}

TEST_P(EveryTransformer, GivesTheScalarSetsBitsForAModelOfUsualSize) {
  model::Config shape = test::shape("15M");
  shape.n_layers = 1, shape.vocab_size = 1000;
  for (const Precision precision : {Precision::f32, Precision::q8}) {
    const LoadedModel loaded(MadeCheckpoint{.config = shape}.bytes(), {precision});
    const Tokens tokens = draw_tokens(shape, 12);
    MadeTransformer scalar(loaded, model::kScalarKernels, alone_);
    EXPECT_EQ(make(loaded).forward(tokens, 0), scalar.forward(tokens, 0));
  }
}

INSTANTIATE_TEST_SUITE_P(Sets, EveryTransformer, test::all_sets(), test::set_name);

class TransformerTest : public testing::TestWithParam<Precision> {
 protected:
  MadeTransformer make(uint32_t context = 0) {
    return MadeTransformer(loaded_, model::kScalarKernels, alone_, context);
  }

  const LoadedModel loaded_{MadeCheckpoint{.config = test::shape("odd")}.bytes(), {GetParam()}};
  const Tokens tokens_ = draw_tokens(loaded_.model.config, 40);
  rt::Alone alone_;
};

TEST_P(TransformerTest, AnyNumberOfCoresGivesTheSame) {
  const auto expect_same = [&](rt::Workers& workers) {
    MadeTransformer alone = make(), many(loaded_, model::kScalarKernels, workers);
    for (const auto& [first, n] : {std::pair{0, 1}, {1, 11}, {12, 1}, {13, 8}, {21, 19}}) {
      const Tokens some = slice(tokens_, size_t(first), size_t(n));
      ASSERT_EQ(many.forward(some, uint32_t(first)), alone.forward(some, uint32_t(first)))
          << workers.slices() << " slices, " << n << " positions";
    }
  };
  for (const uint32_t slices : {1, 2, 3, 4, 5, 7, 8, 16, 17, 100}) {
    test::Backwards backwards(slices);
    ASSERT_NO_FATAL_FAILURE(expect_same(backwards));
  }
  for (const uint32_t slices : {2, 5}) {
    test::Threads threads(slices);
    ASSERT_NO_FATAL_FAILURE(expect_same(threads.crew));
  }
}

/// The scalar set, but two cores meet at the end of each score().
std::barrier<> g_meeting(2);
const model::Kernels kMeeting = [] {
  model::Kernels kernels = model::kScalarKernels;
  kernels.score = [](const model::Head& head) {
    model::kScalarKernels.score(head);
    g_meeting.arrive_and_wait();
  };
  return kernels;
}();

TEST_P(TransformerTest, CoresAtWorkAtTheSameTimeShareNoScratch) {
  const LoadedModel loaded(MadeCheckpoint{.config = test::shape("tiny")}.bytes(), {GetParam()});
  test::Threads threads(2);
  MadeTransformer alone(loaded, model::kScalarKernels, alone_);
  MadeTransformer two(loaded, kMeeting, threads.crew);
  const Tokens tokens = draw_tokens(loaded.model.config, 10);
  for (uint32_t i = 0; i < tokens.size(); ++i)  // four heads: two meetings in each layer
    ASSERT_EQ(two.forward({tokens[i]}, i), alone.forward({tokens[i]}, i)) << "position " << i;
}

TEST_P(TransformerTest, CoresMayComeAndGoBetweenTokens) {
  test::Backwards workers(9);
  MadeTransformer alone = make(), many(loaded_, model::kScalarKernels, workers);
  for (uint32_t position = 0; position < 20; ++position) {
    workers.wanted = 1 + position * 5 % 9;
    const Tokens one = {tokens_[position]};
    ASSERT_EQ(many.forward(one, position), alone.forward(one, position)) << workers.wanted;
  }
}

TEST_P(TransformerTest, RunningPositionsAgainGivesTheSame) {
  MadeTransformer transformer = make();
  const std::vector<Logits> first = transformer.one_by_one(tokens_);
  EXPECT_EQ(transformer.one_by_one(tokens_), first);
  EXPECT_EQ(transformer.one_by_one(slice(tokens_, 7, 20), 7),
            (std::vector<Logits>{first.begin() + 7, first.begin() + 27}));
}

TEST_P(TransformerTest, AnotherTextInTheSamePlaceLeavesNoTrace) {
  MadeTransformer used = make(), fresh = make();
  (void)used.forward(draw_tokens(loaded_.model.config, 40, 2), 0);
  EXPECT_EQ(used.one_by_one(tokens_), fresh.one_by_one(tokens_));
  // From the middle on: what the cache holds before it stays.
  const Tokens other = draw_tokens(loaded_.model.config, 20, 3);
  Tokens joined = slice(tokens_, 0, 20);
  joined.insert(joined.end(), other.begin(), other.end());
  EXPECT_EQ(used.forward(other, 20), fresh.forward(joined, 0));
}

TEST_P(TransformerTest, AShorterContextGivesTheSameAndHoldsItsLastPosition) {
  const std::vector<Logits> expected = make().one_by_one(tokens_);
  for (const uint32_t context : {1, 2, 15, 16, 17, 31, 33, 39}) {
    MadeTransformer transformer = make(context);
    const Tokens some = slice(tokens_, 0, context);
    EXPECT_EQ(transformer.one_by_one(some).back(), expected[context - 1]) << context;
    EXPECT_EQ(transformer.forward(some, 0), expected[context - 1]) << context;
  }
}

TEST_P(TransformerTest, TheTextBeforeMattersAndItsOrder) {
  MadeTransformer transformer = make();
  const Logits logits = transformer.forward({6, 7, 5}, 0);
  EXPECT_NE(transformer.forward({7, 6, 5}, 0), logits);
  EXPECT_NE(transformer.forward({6, 8, 5}, 0), logits);
  EXPECT_NE(transformer.forward({6, 7, 4}, 0), logits);
}

TEST_P(TransformerTest, OneByteTooFewIsSaidToBeTooFew) {
  const uint64_t bytes =
      model::Transformer::arena_bytes(loaded_.model.config, loaded_.activations, 40, 1);
  for (uint64_t lacking = 1; lacking < bytes; lacking += lacking < 4000 ? 7 : 997) {
    const Exact<uint8_t> memory(bytes - lacking);
    rt::Arena arena(memory.span());
    auto transformer =
        model::Transformer::create(loaded_.model, 40, model::kScalarKernels, alone_, arena);
    ASSERT_FALSE(transformer);
    EXPECT_EQ(transformer.error().code, rt::Errc::out_of_memory);
  }
}

TEST_P(TransformerTest, SaysWhatItWasMadeFrom) {
  const Exact<uint8_t> memory(
      model::Transformer::arena_bytes(loaded_.model.config, loaded_.activations, 33, 1));
  rt::Arena arena(memory.span());
  const model::Transformer transformer = test::need(
      model::Transformer::create(loaded_.model, 33, model::kScalarKernels, alone_, arena));
  EXPECT_EQ(transformer.context(), 33u);
  EXPECT_EQ(&transformer.kernels(), &model::kScalarKernels);
  EXPECT_EQ(transformer.config().vocab_size, 275u);
}

INSTANTIATE_TEST_SUITE_P(Precisions, TransformerTest, testing::Values(Precision::f32, Precision::q8),
                         test::precision_name);

TEST(Transformer, Int8OfAFloat32FileGivesTheLogitsOfTheVersion2File) {
  const model::Config shape = test::shape("tiny");
  const LoadedModel rounded(MadeCheckpoint{.config = shape}.bytes(), {Precision::q8, 32});
  const LoadedModel stored(MadeCheckpoint{.config = shape, .version = 2, .group_size = 32}.bytes(),
                           {Precision::q8});
  rt::Alone alone;
  MadeTransformer a(rounded, model::kScalarKernels, alone), b(stored, model::kScalarKernels, alone);
  const Tokens tokens = draw_tokens(shape, 20);
  EXPECT_EQ(a.one_by_one(tokens), b.one_by_one(tokens));
}

TEST(Transformer, VersionsOfOneModelGiveTheSameLogits) {
  const model::Config shape = test::shape("odd");
  std::optional<Logits> expected;
  for (const int version : {0, 1}) {
    const auto file = MadeCheckpoint{.config = shape, .version = version}.bytes();
    const LoadedModel loaded(file, {Precision::f32});
    rt::Alone alone;
    MadeTransformer transformer(loaded, model::kScalarKernels, alone);
    const Logits logits = transformer.forward(draw_tokens(shape, 20), 0);
    if (!expected) expected = logits;
    EXPECT_EQ(logits, *expected);
  }
}

TEST(Transformer, TheCacheTakesARoundedContextOfKeysAndValues) {
  const model::Config gqa = test::shape("gqa");  // 5 layers, 4 heads of 8, values in lanes of 16
  EXPECT_EQ(model::KvCache::bytes(gqa, 512), 5u * 4 * 512 * (8 + 16) * 4);
  EXPECT_EQ(model::KvCache::bytes(gqa, 497), 5u * 4 * 512 * (8 + 16) * 4);
  const model::ActivationSize none;
  const uint64_t all = model::Transformer::arena_bytes(gqa, none, 512, 1);
  const uint64_t without = model::Transformer::arena_bytes(gqa, none, 16, 1);
  const uint64_t scratch = (512 - 16) * 4;
  EXPECT_EQ(all - without, model::KvCache::bytes(gqa, 512) -
                               model::KvCache::bytes(gqa, 16) + scratch);
}

}  // namespace
