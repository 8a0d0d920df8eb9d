#include "model/formats/gguf_header.hpp"

#include <algorithm>
#include <limits>

#include "model/formats/gguf_tensors.hpp"
#include "model/formats/gguf_tokenizer.hpp"
#include "model/formats/part_name.hpp"
#include "tests/host/gguf_bytes.hpp"
#include "tests/unit/made_model.hpp"

namespace {

using model::gguf::Header;
using test::GgufBytes;

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

struct Read {
  explicit Read(const std::vector<uint8_t>& bytes) : memory(1 << 20), arena({memory.data(), memory.size()}) {
    rt::MemorySource source = test::memory_source(bytes);
    model::Stream stream(source);
    model::gguf::Reader reader(stream);
    rt::Result<Header> result = read_header(reader, arena);
    good = bool(result);
    if (result) header = *result;
    else error = result.error().text;
  }

  std::vector<uint8_t> memory;
  rt::Arena arena;
  bool good = false;
  Header header;
  std::string error;
};

/// Every key that a model needs, but those of these names.
GgufBytes needed(const std::vector<std::string>& without = {}) {
  GgufBytes bytes;
  const auto wanted = [&](const std::string& name) {
    return std::find(without.begin(), without.end(), name) == without.end();
  };
  const auto whole = [&](const std::string& name, uint32_t value) {
    if (wanted(name)) bytes.key(name, GgufBytes::u32, value);
  };
  if (wanted("general.architecture")) bytes.key("general.architecture", "llama");
  whole("llama.block_count", 2);
  whole("llama.context_length", 128);
  whole("llama.embedding_length", 64);
  whole("llama.feed_forward_length", 96);
  whole("llama.attention.head_count", 4);
  if (wanted("llama.attention.layer_norm_rms_epsilon"))
    bytes.key("llama.attention.layer_norm_rms_epsilon", GgufBytes::f32, 1e-6f);
  if (wanted("tokenizer.ggml.model")) bytes.key("tokenizer.ggml.model", "llama");
  if (wanted("tokenizer.ggml.tokens")) bytes.key("tokenizer.ggml.tokens", std::vector<std::string>{"<unk>", "a", "\u2581"});
  return bytes;
}

/// The error of a file that has `key`, changed by `add`, in place of a good one.
template <class Add>
std::string error_with(const std::string& key, Add add) {
  GgufBytes bytes = needed({key});
  add(bytes);
  return Read(bytes.file()).error;
}

TEST(GgufHeader, ReadsWhatAModelNeedsAndInfersTheRest) {
  for (uint32_t version : {2u, 3u}) {
    const Read read(needed().file(version, 20));
    ASSERT_TRUE(read.good) << read.error;
    const Header& h = read.header;
    EXPECT_EQ(h.n_tensors, 20u);
    EXPECT_EQ(h.n_layers, 2u);
    EXPECT_EQ(h.context_length, 128u);
    EXPECT_EQ(h.dim, 64u);
    EXPECT_EQ(h.hidden_dim, 96u);
    EXPECT_EQ(h.n_heads, 4u);
    EXPECT_EQ(h.n_kv_heads, 4u);
    EXPECT_EQ(h.key_length, 16u);
    EXPECT_EQ(h.norm_epsilon, 1e-6f);
    EXPECT_EQ(h.rope_base, 10000.0f);
    EXPECT_EQ(h.rope_factor, 1.0f);
    EXPECT_EQ(h.alignment, 32u);
    ASSERT_EQ(h.vocabulary.tokens.count, 3u);
    EXPECT_EQ(test::string(h.vocabulary.tokens[2]), "\u2581");
    EXPECT_EQ(h.vocabulary.bos, model::gguf::Vocabulary::kNone);
  }
}

TEST(GgufHeader, AcceptsWholeNumbersOfEveryWidth) {
  const auto dim = [](GgufBytes::Type type, auto value) {
    GgufBytes bytes = needed({"llama.embedding_length"});
    return Read(bytes.key("llama.embedding_length", type, value).file()).header.dim;
  };
  EXPECT_EQ(dim(GgufBytes::u8, uint8_t{64}), 64u);
  EXPECT_EQ(dim(GgufBytes::i8, int8_t{64}), 64u);
  EXPECT_EQ(dim(GgufBytes::u16, uint16_t{640}), 640u);
  EXPECT_EQ(dim(GgufBytes::i16, int16_t{640}), 640u);
  EXPECT_EQ(dim(GgufBytes::i32, int32_t{640}), 640u);
  EXPECT_EQ(dim(GgufBytes::u64, uint64_t{640}), 640u);
  EXPECT_EQ(dim(GgufBytes::i64, int64_t{640}), 640u);
}

TEST(GgufHeader, RefusesNumbersOutOfBounds) {
  const std::string key = "llama.embedding_length";
  const std::string bounds = "it must be 1 to 65536";
  for (int64_t value : {int64_t{0}, int64_t{-1}, int64_t{65537}, int64_t{1} << 32, std::numeric_limits<int64_t>::min()})
    EXPECT_EQ(error_with(key, [&](GgufBytes& b) { b.key(key, GgufBytes::i64, value); }),
              "made.bin: " + key + " is " + std::to_string(value) + "; " + bounds);
  EXPECT_EQ(error_with(key, [&](GgufBytes& b) { b.key(key, GgufBytes::i8, int8_t{-64}); }),
            "made.bin: " + key + " is -64; " + bounds);
}

TEST(GgufHeader, AnArrayOfEqualNumbersIsOneNumber) {
  const std::string key = "llama.attention.head_count";
  const Read read(needed({key}).key(key, GgufBytes::u32, std::vector<uint32_t>{8, 8}).file());
  ASSERT_TRUE(read.good) << read.error;
  EXPECT_EQ(read.header.n_heads, 8u);
  EXPECT_EQ(error_with(key, [&](GgufBytes& b) { b.key(key, GgufBytes::u32, std::vector<uint32_t>{8, 4}); }),
            "made.bin: " + key + " differs from layer to layer");
  EXPECT_EQ(error_with(key, [&](GgufBytes& b) { b.key(key, GgufBytes::u32, std::vector<uint32_t>{}); }),
            "made.bin: " + key + " must be an array of whole numbers");
}

TEST(GgufHeader, ReadsRealNumbersAndRefusesNaN) {
  const std::string key = "llama.rope.freq_base";
  const Read read(needed().key(key, GgufBytes::f64, 500000.0).file());
  EXPECT_EQ(read.header.rope_base, 500000.0f);
  for (float value : {kNan, -1.0f, 0.5f, std::numeric_limits<float>::infinity()})
    EXPECT_EQ(Read(needed().key(key, GgufBytes::f32, value).file()).error.find("made.bin: " + key + " is out of bounds"), 0u);
  EXPECT_EQ(Read(needed().key(key, GgufBytes::u32, 10000u).file()).error,
            "made.bin: " + key + " must be a number with a fraction");
}

TEST(GgufHeader, PassesOverUnknownKeysOfEveryType) {
  GgufBytes bytes;
  bytes.key("a", GgufBytes::u8, uint8_t{1}).key("b", GgufBytes::i16, int16_t{1}).key("c", GgufBytes::f64, 1.0);
  bytes.key("d", GgufBytes::boolean, uint8_t{1}).key("e", "text").key("f", std::vector<std::string>{"x", "", "yz"});
  bytes.key("g", GgufBytes::i64, std::vector<int64_t>{1, 2, 3}).key(std::string(60000, 'k'), GgufBytes::u32, 1u);
  bytes.key("a", GgufBytes::u8, uint8_t{1});  // nobody reads it, so twice does no harm
  const GgufBytes rest = needed();
  std::vector<uint8_t> all = bytes.file(3, 0), behind = rest.file();
  all.insert(all.end(), behind.begin() + 24, behind.end());
  const uint64_t keys = 9 + 9;
  std::memcpy(all.data() + 16, &keys, sizeof keys);
  const Read read(all);
  ASSERT_TRUE(read.good) << read.error;
  EXPECT_EQ(read.header.dim, 64u);
}

TEST(GgufHeader, EachNeededKeyIsMissedByName) {
  for (const char* key : {"general.architecture", "llama.block_count", "llama.context_length", "llama.embedding_length",
                          "llama.feed_forward_length", "llama.attention.head_count",
                          "llama.attention.layer_norm_rms_epsilon", "tokenizer.ggml.model", "tokenizer.ggml.tokens"})
    EXPECT_EQ(Read(needed({key}).file()).error, std::string("made.bin: ") + key + " is missing");
}

TEST(GgufHeader, RefusesAKnownKeyThatOccursTwice) {
  EXPECT_EQ(Read(needed().key("llama.block_count", GgufBytes::u32, 2u).file()).error,
            "made.bin: llama.block_count occurs twice");
}

TEST(GgufHeader, RefusesOtherKindsOfModelsByTheirValue) {
  EXPECT_EQ(error_with("general.architecture", [](GgufBytes& b) { b.key("general.architecture", "mamba"); }),
            "made.bin: general.architecture is mamba; only models of the llama family can be run, such as SmolLM2, "
            "TinyLlama and Llama 3.2");
  EXPECT_EQ(Read(needed().key("llama.expert_count", GgufBytes::u32, 8u).file()).error,
            "made.bin: llama.expert_count tells of a mixture of experts; take a dense model");
  EXPECT_EQ(Read(needed().key("llama.rope.scaling.type", "yarn").file()).error,
            "made.bin: llama.rope.scaling.type is yarn; linear scaling and none can be computed");
}

TEST(GgufHeader, RefusesShapesThatDoNotFit) {
  const auto error = [](const std::string& key, uint32_t value) {
    return Read(needed().key(key, GgufBytes::u32, value).file()).error;
  };
  EXPECT_EQ(error("llama.attention.head_count_kv", 3), "made.bin: llama.attention.head_count_kv does not divide the number of heads");
  EXPECT_EQ(error("llama.attention.key_length", 15), "made.bin: llama.attention.key_length must be even");
  EXPECT_EQ(error("llama.attention.value_length", 8), "made.bin: llama.attention.value_length must be that of keys");
  EXPECT_EQ(error("llama.rope.dimension_count", 8), "made.bin: llama.rope.dimension_count must be the length of a head's keys");
  EXPECT_EQ(error("general.alignment", 48), "made.bin: general.alignment is no power of two");
  EXPECT_EQ(error_with("llama.attention.head_count", [](GgufBytes& b) { b.key("llama.attention.head_count", GgufBytes::u32, 5u); }),
            "made.bin: llama.attention.head_count does not divide the embedding's length");
  const Read wide(needed().key("llama.attention.key_length", GgufBytes::u32, 40u).file());
  EXPECT_EQ(wide.header.key_length, 40u) << wide.error;
}

TEST(GgufHeader, RopeScalesByWhicheverKeyThereIs) {
  const auto factor = [](auto add) {
    GgufBytes bytes = needed();
    add(bytes);
    return Read(bytes.file()).header.rope_factor;
  };
  EXPECT_EQ(factor([](GgufBytes& b) { b.key("llama.rope.scaling.factor", GgufBytes::f32, 4.0f); }), 4.0f);
  EXPECT_EQ(factor([](GgufBytes& b) { b.key("llama.rope.scale_linear", GgufBytes::f32, 2.0f); }), 2.0f);
  EXPECT_EQ(factor([](GgufBytes& b) {
    b.key("llama.rope.scaling.factor", GgufBytes::f32, 4.0f).key("llama.rope.scaling.type", "none");
  }), 1.0f);
  EXPECT_EQ(factor([](GgufBytes& b) {
    b.key("llama.rope.scale_linear", GgufBytes::f32, 2.0f).key("llama.rope.scaling.factor", GgufBytes::f32, 4.0f);
  }), 4.0f);
}

TEST(GgufHeader, KeepsTheTokenizer) {
  GgufBytes bytes = needed();
  bytes.key("tokenizer.ggml.scores", GgufBytes::f32, std::vector<float>{0, -1, -2});
  bytes.key("tokenizer.ggml.token_type", GgufBytes::i32, std::vector<int32_t>{2, 1, 257});
  bytes.key("tokenizer.ggml.merges", std::vector<std::string>{"a b", "ab c"});
  bytes.key("tokenizer.ggml.bos_token_id", GgufBytes::u32, 1u);
  bytes.key("tokenizer.ggml.padding_token_id", GgufBytes::u32, ~0u);
  bytes.key("tokenizer.ggml.eot_token_id", GgufBytes::i32, int32_t{-1});
  bytes.key("tokenizer.ggml.eom_token_id", GgufBytes::u64, (uint64_t{1} << 32) + 1);
  bytes.key("tokenizer.ggml.add_bos_token", GgufBytes::boolean, uint8_t{0});
  bytes.key("tokenizer.chat_template", std::string("{{ messages }}"));
  const Read read(bytes.file());
  ASSERT_TRUE(read.good) << read.error;
  const model::gguf::Vocabulary& v = read.header.vocabulary;
  EXPECT_EQ(v.scores[2], -2.0f);
  EXPECT_EQ(v.types[0], uint8_t{2});
  EXPECT_EQ(v.types[2], uint8_t{255}) << "a type that is none";
  EXPECT_EQ(test::string(v.merges[1]), "ab c");
  EXPECT_EQ(v.bos, 1u);
  EXPECT_EQ(v.eot, model::gguf::Vocabulary::kNone);
  EXPECT_EQ(v.eom, model::gguf::Vocabulary::kNone);
  EXPECT_EQ(v.add_bos, 0u);
  EXPECT_EQ(v.add_space_prefix, model::gguf::Vocabulary::kUnsaid);
  EXPECT_EQ(test::string(v.chat_template), "{{ messages }}");
}

/// What is wrong with the list of `n` tensors that is written at the end of `bytes`.
std::string list_error(const GgufBytes& bytes, uint64_t n, bool used = true) {
  const std::vector<uint8_t> file = bytes.file(3, n);
  std::vector<uint8_t> memory(1 << 20);
  rt::Arena arena({memory.data(), memory.size()});
  rt::MemorySource source = test::memory_source(file);
  model::Stream stream(source);
  model::gguf::Reader reader(stream);
  const Header header = test::need(read_header(reader, arena));
  auto list = test::need(model::gguf::TensorList::make(header.n_layers, arena));
  auto infos = list.read(header, reader, arena);
  if (!infos) return infos.error().text;
  EXPECT_EQ((*infos)[0].used, used);
  return "none";
}

TEST(GgufHeader, TensorsAreThoseOfTheModelEachOnce) {
  const auto error = [](const char* name, bool used = true) { return list_error(needed().tensor({name, 0, 64, 64}, 0), 1, used); };
  EXPECT_EQ(error("blk.1.attn_q.weight"), "none");
  EXPECT_EQ(error("blk.0.attn_rot_embd", false), "none") << "what old files have, and nobody reads";
  for (const char* odd : {"blk.0.attn_odd.weight", "blk.0.token_embd.weight", "attn_q.weight", "blk.0.attn_q", "blk.x.attn_q.weight"})
    EXPECT_EQ(error(odd), std::string("made.bin: ") + odd + " is no tensor of a dense llama model");
  EXPECT_EQ(error("blk.2.attn_q.weight"), "made.bin: blk.2.attn_q.weight is of a layer that llama.block_count does not have");
  GgufBytes twice = needed();
  twice.tensor({"output.weight", 0, 64, 8}, 0).tensor({"output.weight", 0, 64, 8}, 64 * 8 * 4);
  EXPECT_EQ(list_error(twice, 2), "made.bin: output.weight occurs twice");
  const auto shaped = [](std::vector<uint64_t> dims) {
    GgufBytes bytes = needed();
    bytes.string("output.weight").number(uint32_t(dims.size()));
    for (const uint64_t n : dims) bytes.number(n);
    return list_error(bytes.number(0u).number(uint64_t{0}), 1);
  };
  EXPECT_EQ(shaped({64, 2, 1, 1}), "none");
  EXPECT_EQ(shaped({1 << 20, 1 << 20}), "none");
  for (const std::vector<uint64_t>& dims : std::vector<std::vector<uint64_t>>{
           {0}, {64, 0}, {(1 << 20) + 1}, {64, (1 << 20) + 1}, {64, 2, 2}, {64, 2, 1, 2}, {64, 2, 1, 0}})
    EXPECT_EQ(shaped(dims), "made.bin: output.weight has impossible dimensions") << testing::PrintToString(dims);
  EXPECT_EQ(shaped({}), "made.bin: output.weight has 0 dimensions");
  EXPECT_EQ(shaped({1, 1, 1, 1, 1}), "made.bin: output.weight has 5 dimensions");
}

TEST(GgufHeader, AScoreIsANumber) {
  const std::string key = "tokenizer.ggml.scores";
  EXPECT_EQ(error_with(key, [&](GgufBytes& b) { b.key(key, GgufBytes::f32, std::vector<float>{0, kNan, 1}); }),
            "made.bin: " + key + " holds a NaN");
}

/// The error of a tokenizer of three tokens with such a list beside them.
template <class T>
std::string tokenizer_error(const std::string& key, GgufBytes::Type type, const std::vector<T>& list) {
  const std::vector<uint8_t> bytes = needed().key(key, type, list).file();
  std::vector<uint8_t> memory(1 << 20), more(1 << 20);
  rt::Arena arena({memory.data(), memory.size()}), scratch({more.data(), more.size()});
  rt::MemorySource source = test::memory_source(bytes);
  model::Stream stream(source);
  model::gguf::Reader reader(stream);
  const Header header = test::need(read_header(reader, scratch));
  const auto made = make_tokenizer(header.vocabulary, 3, reader, arena, scratch);
  return made ? "none" : made.error().text;
}

TEST(GgufHeader, ScoresAndTypesAreAsManyAsTokens) {
  for (const uint64_t n : {1, 2, 4})
    for (const bool types : {false, true}) {
      const std::string key = types ? "tokenizer.ggml.token_type" : "tokenizer.ggml.scores";
      EXPECT_EQ(types ? tokenizer_error(key, GgufBytes::i32, std::vector<int32_t>(n, 1))
                      : tokenizer_error(key, GgufBytes::f32, std::vector<float>(n, 1)),
                "made.bin: " + key + " has " + std::to_string(n) + " entries for 3 tokens");
    }
  EXPECT_EQ(tokenizer_error("tokenizer.ggml.token_type", GgufBytes::i32, std::vector<int32_t>(3, 1)), "none");
}

TEST(GgufHeader, TokensMayFillManyBlocks) {
  std::vector<std::string> tokens;
  for (int i = 0; i < 500; ++i) tokens.push_back(std::string(1024 - i % 7, char('a' + i % 26)));
  const std::string key = "tokenizer.ggml.tokens";
  const Read read(needed({key}).key(key, tokens).file());
  ASSERT_TRUE(read.good) << read.error;
  for (size_t i = 0; i < tokens.size(); ++i) ASSERT_EQ(test::string(read.header.vocabulary.tokens[i]), tokens[i]);
  EXPECT_EQ(error_with(key, [&](GgufBytes& b) { b.key(key, std::vector<std::string>{std::string(1025, 'a')}); }),
            "made.bin: " + key + " has a text of 1,025 bytes; 1,024 are the most");
}

TEST(GgufHeader, RefusesWhatIsNoGgufFile) {
  const auto with = [](size_t at, auto value) {
    std::vector<uint8_t> bytes = needed().file();
    std::memcpy(bytes.data() + at, &value, sizeof value);
    return Read(bytes).error;
  };
  EXPECT_EQ(with(0, uint32_t{0x47475546}), "made.bin: the file is not a GGUF file");
  EXPECT_EQ(with(4, uint32_t{1}), "made.bin: the file is of GGUF version 1; versions 2 and 3 can be read");
  EXPECT_EQ(with(4, uint32_t{3} << 24), "made.bin: the file is big-endian; take the little-endian one");
  EXPECT_EQ(with(8, uint64_t{1} << 60).find("made.bin: the file claims to have 1,152,921,504,606,846,976 tensors"), 0u);
  EXPECT_EQ(with(16, uint64_t{1} << 60).find("made.bin: the file claims to have 1,152,921,504,606,846,976 keys"), 0u);
}

TEST(GgufHeader, RefusesWhatOnlyClaimsToBeLong) {
  const std::string past = " goes past the end of the file";
  GgufBytes array = needed();
  array.key("odd", GgufBytes::u64, std::vector<uint64_t>{});
  std::vector<uint8_t> bytes = array.file();
  const uint64_t many = uint64_t{1} << 61;
  std::memcpy(bytes.data() + bytes.size() - 8, &many, 8);
  EXPECT_EQ(Read(bytes).error, "made.bin: odd" + past);
  bytes = needed().key("odd", std::string()).file();
  std::memcpy(bytes.data() + bytes.size() - 8, &many, 8);
  EXPECT_EQ(Read(bytes).error, "made.bin: odd" + past);
  EXPECT_EQ(Read(needed().key("odd", GgufBytes::Type(77), 1u).file()).error, "made.bin: odd has a value of unknown type 77");
}

TEST(GgufHeader, AFileThatEndsTooEarlyIsAlwaysAnError) {
  const std::vector<uint8_t> whole = needed().key("odd", std::vector<std::string>{"x", "y"}).file();
  for (size_t n = 0; n < whole.size(); ++n) {
    const Read read(std::vector<uint8_t>(whole.begin(), whole.begin() + long(n)));
    ASSERT_FALSE(read.good) << n;
    ASSERT_EQ(read.error.find("made.bin: "), 0u) << n;
  }
}

TEST(GgufHeader, NamesOfFilesOfASplitModel) {
  EXPECT_EQ(model::part_number("\\m\\a-00002-of-00003.gguf"), 2u);
  EXPECT_EQ(model::part_number("-12345-of-54321.gguf"), 12345u);
  for (const char* none : {"a.gguf", "a-00002-of-00000.gguf", "a-00000-of-00002.gguf", "a-0000x-of-00002.gguf",
                           "a-00002-of-0000x.gguf", "a-00002_of-00003.gguf", "a-2-of-3.gguf", ""})
    EXPECT_EQ(model::part_number(none), 0u) << none;
}

TEST(GgufHeader, FurtherFilesOfASplitModelNeedNoKeys) {
  GgufBytes bytes;
  bytes.key("split.no", GgufBytes::u16, uint16_t{1}).key("split.count", GgufBytes::u16, uint16_t{3});
  const Read read(bytes.file(3, 7));
  ASSERT_TRUE(read.good) << read.error;
  EXPECT_EQ(read.header.split_no, 1u);
  EXPECT_EQ(read.header.split_count, 3u);
  EXPECT_EQ(read.header.n_tensors, 7u);
}

}  // namespace
