// Headers: what Checkpoint::open takes and what it refuses.
#include "model/formats/llama2c.hpp"

#include <random>

#include "tests/unit/made_model.hpp"

namespace {

using model::Checkpoint;
using test::MadeCheckpoint;

constexpr const char* kFields[] = {"dim",        "hidden_dim", "n_layers", "n_heads",
                                   "n_kv_heads", "vocab_size", "seq_len"};
constexpr int32_t kMost[] = {32768, 65536, 1024, 1024, 1024, 1 << 20, 1 << 20};

rt::Result<Checkpoint> open(const std::vector<uint8_t>& file) {
  test::PieceSource source(file, {1000});
  model::Stream stream(source);
  return Checkpoint::open(stream);
}

/// The sentence of the error that opening `file` must give; it must name the file.
std::string refusal(const std::vector<uint8_t>& file, rt::Errc code = rt::Errc::bad_file) {
  rt::Result<Checkpoint> checkpoint = open(file);
  EXPECT_FALSE(checkpoint);
  if (checkpoint) return "";
  EXPECT_EQ(checkpoint.error().code, code);
  const std::string text = checkpoint.error().text;
  EXPECT_EQ(text.rfind("made.bin: ", 0), 0u) << text;
  return text.substr(10);
}

void put(std::vector<uint8_t>& file, size_t at, int32_t value) {
  std::memcpy(&file[at], &value, sizeof value);
}
int32_t get(const std::vector<uint8_t>& file, size_t at) {
  int32_t value;
  std::memcpy(&value, &file[at], sizeof value);
  return value;
}

/// Where field `i` of the seven stands in the header.
size_t place(int version, size_t i) { return (version ? 8 : 0) + 4 * i; }

std::vector<uint8_t> tiny(int version, bool shared = true) {
  return MadeCheckpoint{.config = test::shape("tiny"), .shared_classifier = shared,
                        .version = version, .group_size = 32}.bytes();
}

/// Only a header, and any length that is claimed.
class Claim final : public rt::ByteSource {
 public:
  Claim(std::vector<uint8_t> header, uint64_t size) : header_(std::move(header)), size_(size) {}
  rt::Text name() const override { return "claim.bin"; }
  uint64_t size() const override { return size_; }
  rt::Result<rt::Span<const uint8_t>> next(uint64_t most) override {
    if (at_ == header_.size()) return rt::fail(rt::Errc::firmware, at_, "there is no more");
    const uint64_t n = rt::min<uint64_t>(most, header_.size() - at_);
    at_ += n;
    return rt::Span<const uint8_t>{&header_[at_ - n], n};
  }

 private:
  std::vector<uint8_t> header_;
  uint64_t size_, at_ = 0;
};

TEST(Checkpoint, OpensEveryVersionAndSaysWhatItIs) {
  for (const model::Config& shape : test::small_shapes())
    for (const int version : {0, 1, 2})
      for (const bool shared : {false, true}) {
        const auto file = MadeCheckpoint{.config = shape, .shared_classifier = shared,
                                         .version = version}.bytes();
        rt::Result<Checkpoint> checkpoint = open(file);
        ASSERT_TRUE(checkpoint) << checkpoint.error().text;
        const model::Config& c = checkpoint->info.config;
        EXPECT_EQ(c.dim, shape.dim);
        EXPECT_EQ(c.hidden_dim, shape.hidden_dim);
        EXPECT_EQ(c.n_layers, shape.n_layers);
        EXPECT_EQ(c.n_heads, shape.n_heads);
        EXPECT_EQ(c.n_kv_heads, shape.n_kv_heads);
        EXPECT_EQ(c.vocab_size, shape.vocab_size);
        EXPECT_EQ(c.seq_len, shape.seq_len);
        EXPECT_EQ(checkpoint->version, uint32_t(version));
        EXPECT_EQ(checkpoint->info.shared_classifier, shared);
        EXPECT_EQ(checkpoint->file_bytes, file.size());
        EXPECT_EQ(checkpoint->group_size, version == 2 ? uint32_t(get(file, 37)) : 0u);
      }
}

TEST(Checkpoint, LeavesTheStreamBehindTheHeader) {
  for (const int version : {0, 1, 2}) {
    const auto file = tiny(version);
    test::PieceSource source(file, {3});
    model::Stream stream(source);
    ASSERT_TRUE(Checkpoint::open(stream));
    EXPECT_EQ(stream.position(), version ? 256u : 28u);
  }
}

TEST(Checkpoint, EveryTruncatedFileIsRefused) {
  for (const int version : {0, 1, 2}) {
    const auto whole = tiny(version);
    std::vector<uint64_t> lengths;
    for (uint64_t n = 0; n <= 300; ++n) lengths.push_back(n);
    for (uint64_t n = whole.size() - 300; n < whole.size(); ++n) lengths.push_back(n);
    for (uint64_t n = 300; n < whole.size(); n += 4099) lengths.push_back(n);
    for (const uint64_t n : lengths) {
      const std::vector<uint8_t> file(whole.begin(), whole.begin() + int64_t(n));
      const std::string text = refusal(file);
      const char* fault = n < 28                ? "the file has only"
                          : version && n < 256 ? "the file ends inside its header"
                                               : "the file ends after";
      EXPECT_NE(text.find(fault), std::string::npos) << n << " bytes: " << text;
    }
  }
}

TEST(Checkpoint, ATruncatedFileIsToldWithBothLengths) {
  auto file = tiny(0);
  file.resize(file.size() - 1234);
  EXPECT_EQ(refusal(file), "the file ends after 136,650 of the 137,884 bytes that its header "
                           "describes; copy it again");
  EXPECT_EQ(refusal({1, 2, 3}), "not a model: the file has only 3 bytes");
}

TEST(Checkpoint, AFileThatIsTooLongIsRefused) {
  for (const int version : {0, 1, 2}) {
    auto file = tiny(version);
    file.push_back(0);
    EXPECT_NE(refusal(file).find("not a llama2.c checkpoint, or a damaged one"), std::string::npos);
  }
}

TEST(Checkpoint, EveryFieldOutOfItsRangeIsNamed) {
  for (const int version : {0, 1, 2})
    for (size_t i = 0; i < 7; ++i)
      for (const int32_t value : {0, -1, INT32_MIN, INT32_MAX, kMost[i] + 1}) {
        if (version == 0 && i == 5 && value == -1) continue;  // vocab_size 1, classifier separate
        auto file = tiny(version);
        put(file, place(version, i), value);
        const std::string text = refusal(file);
        EXPECT_NE(text.find("not a llama2.c checkpoint: " + std::string(kFields[i]) + " is "),
                  std::string::npos) << text;
        EXPECT_EQ(open(file).error().detail, place(version, i));
      }
}

TEST(Checkpoint, EveryFieldOffByOneIsRefusedWhereTheFileDependsOnIt) {
  for (const int version : {0, 1, 2})
    for (const bool shared : {false, true})
      for (size_t i = 0; i < 7; ++i)
        for (const int32_t by : {-1, 1}) {
          auto file = tiny(version, shared);
          const int32_t value = get(file, place(version, i));
          put(file, place(version, i), value + by);
          if (version && i == 6)
            EXPECT_TRUE(open(file));  // only RoPE tables depend on seq_len; they have none
          else
            refusal(file);
        }
}

TEST(Checkpoint, HeadsThatDoNotFitAreRefused) {
  const struct {
    int32_t n_heads, n_kv_heads;
    const char* fault;
  } cases[] = {{5, 1, "n_heads does not divide dim"},
               {64, 1, "n_heads does not divide dim"},
               {32, 1, "the size of a head is odd"},
               {4, 3, "n_kv_heads does not divide n_heads"},
               {4, 8, "n_kv_heads does not divide n_heads"}};
  for (const int version : {0, 1, 2})
    for (const auto& c : cases) {
      auto file = tiny(version);
      put(file, place(version, 3), c.n_heads);
      put(file, place(version, 4), c.n_kv_heads);
      EXPECT_NE(refusal(file).find(c.fault), std::string::npos) << c.fault;
    }
}

TEST(Checkpoint, AWrongClassifierFlagIsRefusedByTheLength) {
  for (const bool shared : {false, true}) {
    auto bare = tiny(0, shared);
    put(bare, place(0, 5), -get(bare, place(0, 5)));
    refusal(bare);
    for (const int version : {1, 2}) {
      auto file = tiny(version, shared);
      file[36] = !file[36];
      refusal(file);
    }
  }
  auto file = tiny(1);
  file[36] = 0xff;  // any byte but 0 is true
  EXPECT_TRUE(open(file));
}

TEST(Checkpoint, AbsurdGroupSizesAreRefused) {
  const auto with_group = [](int32_t group) {
    auto file = tiny(2);
    put(file, 37, group);
    return refusal(file);
  };
  for (const int32_t group : {0, -1, INT32_MIN, INT32_MAX, 65537})
    EXPECT_NE(with_group(group).find("damaged: group size is "), std::string::npos) << group;
  for (const int32_t group : {31, 33, 65536})
    EXPECT_NE(with_group(group).find("weights do not divide a tensor of"), std::string::npos);
  for (const int32_t group : {1, 16})  // these divide; the length tells
    EXPECT_NE(with_group(group).find("the file ends after"), std::string::npos);
  EXPECT_NE(with_group(64).find("its header describes"), std::string::npos);
}

TEST(Checkpoint, OtherFormatsAreNamed) {
  auto gguf = tiny(0);
  std::memcpy(gguf.data(), "GGUF", 4);
  EXPECT_NE(refusal(gguf).find("a GGUF model"), std::string::npos);
  for (const int32_t version : {0, 3, -1}) {
    auto file = tiny(1);
    put(file, 4, version);
    EXPECT_NE(refusal(file, rt::Errc::unsupported).find("llama2.c checkpoint of version"),
              std::string::npos);
  }
  EXPECT_NE(refusal(std::vector<uint8_t>(1000, 'a')).find("not a llama2.c checkpoint: dim is"),
            std::string::npos);
}

TEST(Checkpoint, ABrokenMediumIsReportedAsItSays) {
  for (const int version : {0, 1, 2})
    for (const uint64_t broken_from : {0, 1, 27, 28, 255}) {
      if (version == 0 && broken_from >= 28) continue;  // its header is whole
      const auto file = tiny(version);
      test::PieceSource source(file, {10});
      source.broken_from = broken_from;
      model::Stream stream(source);
      rt::Result<Checkpoint> checkpoint = Checkpoint::open(stream);
      ASSERT_FALSE(checkpoint);
      EXPECT_STREQ(checkpoint.error().text, "made.bin: the medium is broken");
    }
}

TEST(Checkpoint, TheLargestShapeOverflowsNothing) {
  for (const int version : {0, 1, 2}) {
    std::vector<uint8_t> header(version ? 256 : 28);
    if (version) put(header, 0, 0x616b3432), put(header, 4, version);
    for (size_t i = 0; i < 7; ++i) put(header, place(version, i), kMost[i]);
    if (version == 0) put(header, place(0, 5), -kMost[5]);
    if (version == 2) put(header, 37, 1);
    using Wide = unsigned __int128;
    const Wide dim = kMost[0], hidden = kMost[1], layers = kMost[2], vocab = kMost[5];
    const Wide norms = (2 * layers + 1) * dim;
    const Wide matrices = 2 * vocab * dim + layers * (4 * dim * dim + 3 * dim * hidden);
    const Wide rope = version ? 0 : Wide{1 << 20} * 32;
    const Wide bytes = header.size() + (norms + rope) * 4 + matrices * (version == 2 ? 5 : 4);
    ASSERT_LT(bytes, Wide{1} << 62);
    header.resize(rt::max<size_t>(header.size(), model::Stream::kPeek));  // some weights
    Claim claim(header, uint64_t(bytes));
    model::Stream stream(claim);
    test::HostPages pages;
    rt::Arena head(pages);
    const model::ModelFile* file = test::need(model::open_model(stream, head, head));
    EXPECT_EQ(stream.size(), uint64_t(bytes));
    EXPECT_GE(test::need(file->plan({model::Precision::f32}, head))->arena_bytes(), uint64_t((norms + matrices) * 4));
    const model::TensorPlan* plan = test::need(file->plan({model::Precision::q8}, head));
    EXPECT_GE(plan->arena_bytes(), uint64_t(matrices));

    const test::Exact<uint8_t> memory(1 << 20);
    rt::Arena arena(memory.span());
    model::Model model;
    const rt::Result<void> allocated = plan->allocate(model, arena);
    ASSERT_FALSE(allocated);
    EXPECT_EQ(allocated.error().code, rt::Errc::out_of_memory);
  }
}

TEST(Checkpoint, DamagedHeadersNeverCrash) {
  std::mt19937 random(1);
  int opened = 0;
  for (const int version : {0, 1, 2})
    for (const model::Config& shape : {test::shape("odd"), model::Config{2, 1, 1, 1, 1, 2, 1}}) {
      const auto whole = MadeCheckpoint{.config = shape, .version = version}.bytes();
      for (int i = 0; i < 3000; ++i) {
        std::vector<uint8_t> file = whole;
        for (uint32_t n = 1 + random() % 3; n; --n)
          file[random() % (version ? 41 : 28)] = uint8_t(random() % 4 ? random() % 8 : random());
        rt::Result<Checkpoint> checkpoint = open(file);
        if (!checkpoint) continue;
        ++opened;
        for (const model::Precision precision : {model::Precision::f32, model::Precision::q8})
          test::LoadedModel(file, {precision});
      }
    }
  EXPECT_GT(opened, 100);  // seq_len, or what a byte was before
}

}  // namespace
