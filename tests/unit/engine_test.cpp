// The engine: what it asks of memory, and that it tells the same wherever its memory lies.
#include "model/engine.hpp"

#include "model/chat/conversation.hpp"
#include "tests/host/made_chat_model.hpp"

#include "tests/host/vocabulary.hpp"
#include "tests/unit/kernel_sets.hpp"
#include "tests/unit/made_model.hpp"

namespace {

using model::Precision;
using test::need;

/// Memory in pieces of at most `largest` bytes, `all` in all; it notices who comes after closing time.
class SomePages final : public rt::PageAllocator {
 public:
  rt::Result<rt::Span<uint8_t>> allocate(uint64_t bytes) override {
    EXPECT_FALSE(closed) << bytes << " bytes that reserve() did not think of";
    if (bytes > largest || given + bytes > all)
      return rt::fail(rt::Errc::out_of_memory, bytes, "the machine has no such piece");
    rt::Result<rt::Span<uint8_t>> memory = pages_.allocate(bytes);
    given += memory->count;
    ++pieces;
    rt::fill_bytes(memory->data, 0xff, memory->count);  // what is not written yet is NaN
    return memory;
  }
  void release(rt::Span<uint8_t> memory) override {
    given -= memory.count;
    --pieces;
    pages_.release(memory);
  }

  uint64_t largest = ~uint64_t{0}, all = ~uint64_t{0};
  uint64_t given = 0, pieces = 0;
  bool closed = false;

 private:
  test::HostPages pages_;
};

/// A model and its tokenizer as files.
struct Files {
  explicit Files(const model::Config& config, int version = 0)
      : model(test::MadeCheckpoint{.config = config, .shared_classifier = config.dim % 3 != 0, .version = version}
                  .bytes()),
        tokenizer(test::file_of(pieces(config.vocab_size))) {}

  static std::vector<test::Piece> pieces(uint32_t count) {
    std::vector<test::Piece> all = test::pieces_of(test::made_tokenizer(std::max(count, 259u)));
    all.resize(count);
    return all;
  }

  std::vector<uint8_t> model, tokenizer;
};

/// All steps of putting an engine together, between which memory is reserved once.
void put_together(model::Engine& engine, const Files& files, const model::EngineOptions& options,
                  rt::Workers& workers, SomePages& lasting, SomePages& working) {
  rt::MemorySource source("model.bin", {files.model.data(), files.model.size()});
  rt::MemorySource tokenizer("tokenizer.bin", {files.tokenizer.data(), files.tokenizer.size()});
  need(engine.buffer(1000));
  need(engine.open(source));
  need(engine.reserve(options, tokenizer.size(), workers));
  lasting.closed = working.closed = true;
  need(engine.read_tokenizer(tokenizer));
  need(engine.read_weights());
  need(engine.start(model::kScalarKernels, workers));
}

std::vector<float> logits_of(model::Engine& engine) {
  std::vector<model::Token> tokens;
  for (uint32_t i = 0; i < std::min(engine.context(), 20u); ++i)
    tokens.push_back((i * 7 + 1) % engine.info().config.vocab_size);
  const rt::Span<float> logits = engine.transformer().forward({tokens.data(), tokens.size()}, 0);
  return {logits.begin(), logits.end()};
}

std::vector<model::Config> shapes() {
  std::vector<model::Config> all = test::small_shapes();
  // dim, hidden_dim, n_layers, n_heads, n_kv_heads, vocab_size, seq_len: nothing a multiple of anything
  for (const model::Config& c : {model::Config{6, 7, 3, 3, 1, 261, 17}, {10, 1, 1, 5, 5, 1, 1}, {14, 33, 2, 7, 1, 263, 5},
                                 {50, 77, 2, 5, 5, 300, 100}, {34, 35, 1, 17, 17, 18, 16}, {2, 2, 1, 1, 1, 30000, 2}, {96, 100, 7, 12, 3, 511, 63}})
    all.push_back(c);
  return all;
}

TEST(Engine, ReservesAllThatItWillTake) {
  rt::Alone alone;
  for (const model::Config& shape : shapes())
    for (const Precision precision : {Precision::f32, Precision::q8})
      for (const uint32_t context : {0u, 1u, 9u, 33u}) {
        SCOPED_TRACE("dim " + std::to_string(shape.dim) + ", context " + std::to_string(context));
        SomePages lasting, working;
        {
          model::Engine engine(lasting, working);
          const Files files(shape);
          put_together(engine, files, {.storage = {precision}, .context = context}, alone, lasting, working);
          (void)logits_of(engine);
          const uint32_t n = engine.context();
          EXPECT_EQ(n, context ? std::min(context, shape.seq_len) : shape.seq_len);
          // The longest prompt that the context can hold, and the longest that is refused for it.
          (void)engine.session().begin({std::string(8 * n, 'a').c_str(), 8 * n}, 0, engine.arena());
          // No more than what was announced and the pages' ends.
          EXPECT_LE(lasting.given, engine.weight_bytes() + engine.tokenizer_bytes() + 4 * 4096);
          EXPECT_LE(lasting.pieces, 2u);
          EXPECT_LE(working.pieces, 2u);
        }
        EXPECT_EQ(lasting.given + working.given, 0u) << "memory is not given back";
      }
}

TEST(Engine, RowsOfAnyLengthAreRoundedToEightBits) {
  rt::Alone alone;
  SomePages lasting, working;  // what is not written is NaN
  const std::vector<uint8_t> file = test::MadeChatModel{}.bytes();  // of float32, with rows of 48 numbers
  rt::MemorySource source("made.gguf", {file.data(), file.size()});
  model::Engine engine(lasting, working);
  need(engine.open(source));
  need(engine.reserve({.storage = {Precision::q8}}, 0, alone));
  need(engine.read_weights());
  need(engine.start(model::kScalarKernels, alone));
  for (const float logit : logits_of(engine)) ASSERT_EQ(logit - logit, 0);
}

TEST(Engine, AConversationThatIsFullNeedsNoMoreMemory) {
  rt::Alone alone;
  for (const uint32_t context : {1u, 20u, 256u, 1000u})
    for (const size_t bytes : {0, 1, 30, 1000}) {
      SomePages lasting, working;
      const std::vector<uint8_t> file = test::MadeChatModel{.context = context}.bytes();
      rt::MemorySource source("made.gguf", {file.data(), file.size()});
      model::Engine engine(lasting, working);
      need(engine.open(source));
      need(engine.reserve({}, 0, alone));
      lasting.closed = working.closed = true;
      need(engine.read_weights());
      need(engine.start(model::kScalarKernels, alone));
      const model::ChatTemplate chat = need(model::choose_template("", engine.info().chat_template));
      ASSERT_TRUE(chat);
      model::Conversation conversation =
          need(model::Conversation::create(chat, engine.tokenizer(), engine.context(), engine.arena()));
      const std::string text(std::min<size_t>(bytes, context), 'a');
      std::vector<model::Turn> turns;
      for (uint32_t i = 0; i <= context; ++i) turns.push_back({model::Role(1 + i % 2), {text.data(), text.size()}});
      need(conversation.load({turns.data(), turns.size()}));
      if (context > 10) EXPECT_GT(conversation.take_dropped(), 0u);
      (void)conversation.render(0, engine.arena());
    }
}

TEST(Engine, TellsTheSameInManyPiecesOfMemory) {
  model::Config shape = test::shape("15M");
  shape.n_layers = 2, shape.vocab_size = 4000;
  rt::Alone alone;
  const Files files(shape);
  for (const Precision precision : {Precision::f32, Precision::q8}) {
    std::vector<float> expected;
    for (const uint64_t largest : {~uint64_t{0}, uint64_t{1} << 20, uint64_t{700'000}}) {
      SomePages lasting, working;
      lasting.largest = working.largest = largest;
      model::Engine engine(lasting, working);
      put_together(engine, files, {.storage = {precision}}, alone, lasting, working);
      const std::vector<float> logits = logits_of(engine);
      if (expected.empty()) expected = logits;
      EXPECT_EQ(test::first_difference(logits, expected), -1) << largest;
      if (largest <= 1 << 20) EXPECT_GE(lasting.pieces, 5u);
      if (largest <= 1 << 20) EXPECT_NE(engine.model().embedding.first.next, nullptr) << "in one piece";
    }
  }
}

TEST(Engine, WhereMemoryIsShortTheContextIsShorter) {
  model::Config shape = test::shape("gqa");  // 512 positions of 3,840 bytes
  rt::Alone alone;
  const Files files(shape);
  SomePages plenty, working;
  {
    model::Engine engine(plenty, working);
    put_together(engine, files, {}, alone, plenty, working);
    EXPECT_EQ(engine.context(), 512u);
  }
  const uint64_t all = 2 << 20;
  uint32_t before = 0;
  for (uint64_t bytes = 0; bytes < 3 * all; bytes += all / 16) {
    SomePages lasting, short_working;
    short_working.all = bytes;
    model::Engine engine(lasting, short_working);
    rt::MemorySource source("model.bin", {files.model.data(), files.model.size()});
    need(engine.open(source));
    const rt::Result<void> done = engine.reserve({}, files.tokenizer.size(), alone);
    EXPECT_EQ(engine.wanted_context(), 512u);
    if (!done) {
      EXPECT_EQ(done.error().code, rt::Errc::out_of_memory);
      EXPECT_EQ(before, 0u);
      EXPECT_EQ(short_working.given, 0u);
      continue;
    }
    EXPECT_GE(engine.context(), before);
    EXPECT_LE(engine.context(), 512u);
    before = engine.context();
  }
  EXPECT_EQ(before, 512u);
}

TEST(Engine, TheContextIsTheModelsOwnUpToTheUsualOne) {
  model::Config shape = test::shape("tiny");
  rt::Alone alone;
  for (const auto& [own, wanted, expected] : {std::tuple{64u, 0u, 64u}, {9000u, 0u, 4096u}, {9000u, 9000u, 9000u},
                                             {9000u, 5000u, 5000u}, {64u, 100u, 64u}, {64u, 1u, 1u}}) {
    shape.seq_len = own;
    const Files files(shape, 1);
    SomePages lasting, working;
    model::Engine engine(lasting, working);
    rt::MemorySource source("model.bin", {files.model.data(), files.model.size()});
    need(engine.open(source));
    need(engine.reserve({.context = wanted}, files.tokenizer.size(), alone));
    EXPECT_EQ(engine.context(), expected);
    EXPECT_EQ(engine.wanted_context(), expected);
  }
}

}  // namespace
