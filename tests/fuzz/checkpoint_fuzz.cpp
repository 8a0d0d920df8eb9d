// Checkpoints: headers and streams of all versions.
//
// For every file, however long it claims to be and in whatever pieces it comes: it is refused with
// a sentence, or it is a model that
// - takes from its arena what arena_bytes() said, and writes nowhere else;
// - where an arena is too small is refused as out_of_memory, before anything else can go wrong;
// - holds the weights that the file holds, and the same to the last bit when the pieces have other
//   sizes;
// - has the same logits to the last bit with every kernel set of this machine, finite ones where
//   its weights are, and whatever they are a token of the vocabulary is drawn.
#include "model/formats/format.hpp"

#include <algorithm>
#include <cmath>

#include "model/kernels/select.hpp"
#include "model/pack.hpp"
#include "model/chain_sampler.hpp"
#include "model/llama2c_sampler.hpp"
#include "model/transformer.hpp"
#include "tests/fuzz/checkpoint_file.hpp"
#include "tests/fuzz/source.hpp"
#include "tests/host/cpu.hpp"

namespace {

using fuzz::must;

constexpr uint64_t kMemory = 64 * 1024;   // for weights: keeps a run short, refuses large models
constexpr uint64_t kMedium = 256 * 1024;  // no medium here holds more
constexpr uint32_t kContext = 20;         // more than one block of 16 time steps

/// What the input says beside the file itself.
struct Plan {
  explicit Plan(fuzz::Input& input)
      : length(input.byte()), storage(input.byte()), piece(input.byte()), shortage(input.byte()),
        steps(input.byte()), kernel(input.byte()) {}

  model::Storage how() const {
    const uint32_t groups[] = {384, 1u + (storage >> 1), 4u * (1 + (storage >> 1)), 65536};
    return {storage & 1 ? model::Precision::f32 : model::Precision::q8, groups[storage >> 6]};
  }
  uint64_t piece_size() const { return piece < 128 ? uint64_t{1} + piece : uint64_t{1} << (piece & 31); }

  uint8_t length, storage, piece, shortage, steps, kernel;
};

/// A model in memory of exactly the size that it asks for.
struct Loaded {
  Loaded(const model::ModelFile& file, const model::TensorPlan& plan)
      : memory(plan.arena_bytes()), scratch_memory(file.scratch_bytes()) {}
  test::Exact<uint8_t> memory, scratch_memory;
  rt::Arena arena{memory.span()}, scratch{scratch_memory.span()};
  model::Model model;

  rt::Result<void> load(model::Stream& stream, const model::ModelFile& file, const model::TensorPlan& plan) {
    if (rt::Result<void> done = plan.allocate(model, arena); !done) return done;
    return file.load(stream, model, scratch);
  }
};

std::vector<model::Matrix> matrices_of(const model::Model& m) {
  std::vector<model::Matrix> all = {m.embedding, m.classifier};
  for (const model::Layer& layer : m.layers)
    all.insert(all.end(), {layer.wq, layer.wk, layer.wv, layer.wo, layer.w1, layer.w2, layer.w3});
  return all;
}

std::vector<float> norms_of(const model::Model& m) {
  std::vector<float> all(m.final_norm, m.final_norm + m.config.dim);
  for (const model::Layer& layer : m.layers)
    for (const float* norm : {layer.attn_norm, layer.ffn_norm}) all.insert(all.end(), norm, norm + m.config.dim);
  return all;
}

/// Are they the same to the last bit, that of NaN included?
bool same_weights(const model::Model& a, const model::Model& b) {
  const auto matrices = matrices_of(a), others = matrices_of(b);
  for (size_t i = 0; i < matrices.size(); ++i)
    if (std::memcmp(matrices[i].block(0), others[i].block(0), matrices[i].bytes()) != 0) return false;
  const auto norms = norms_of(a), other_norms = norms_of(b);
  return std::memcmp(norms.data(), other_norms.data(), norms.size() * sizeof(float)) == 0;
}

/// Are all weights of a size at which no model of kMemory overflows?
bool is_tame(const model::Model& m) {
  const auto tame = [](float w) { return w >= -16 && w <= 16; };
  const auto norms = norms_of(m);
  if (!std::all_of(norms.begin(), norms.end(), tame)) return false;
  for (const model::Matrix& matrix : matrices_of(m)) {
    const test::Exact<float> row(matrix.cols);
    for (uint32_t i = 0; i < matrix.rows; ++i) {
      model::unpack_row(matrix, i, row.data());
      if (!std::all_of(row.begin(), row.end(), tame)) return false;
    }
  }
  return true;
}

test::Exact<float> logits_of(const model::Model& m, const model::ActivationSize& size, uint32_t steps,
                             const model::Kernels& kernels) {
  const uint32_t context = rt::min(m.config.seq_len, kContext);
  rt::Alone alone;
  const test::Exact<uint8_t> memory(model::Transformer::arena_bytes(m.config, size, context, 1));
  rt::Arena arena(memory.span());
  auto transformer = model::Transformer::create(m, context, kernels, alone, arena);
  must(bool(transformer), "a transformer fits into what it says that it takes");
  must(arena.used() <= memory.size(), "a transformer takes what it said");
  std::vector<model::Token> tokens(rt::min(steps % kContext + 1, context));
  for (size_t i = 0; i < tokens.size(); ++i) tokens[i] = model::Token(i * 7 + 1) % m.config.vocab_size;
  // All but the last together, as a prompt is read, then the last one alone.
  const uint32_t prompt = uint32_t(tokens.size()) - 1;
  if (prompt) (void)transformer->forward({tokens.data(), prompt}, 0);
  const rt::Span<float> logits = transformer->forward({&tokens[prompt], 1}, prompt);
  must(logits.count == m.config.vocab_size, "there is a logit for every token");
  test::Exact<float> copy(logits.count);
  for (uint64_t i = 0; i < logits.count; ++i) copy[i] = logits[i];
  return copy;
}

/// Whatever the logits are: what is drawn is a token of the vocabulary, for its row is read next.
void must_draw_a_token(const test::Exact<float>& logits, const model::Kernels& kernels, const Plan& plan) {
  const auto vocab_size = uint32_t(logits.size());
  const float topps[] = {0, 0.5f, 0.9f, 1};
  const model::Sampling sampling = {.temperature = float(plan.steps) / 25.5f, .topp = topps[plan.kernel % 4],
                                    .seed = plan.piece, .top_k = plan.kernel % 50u, .repeat_penalty = 1.1f};
  const auto draw = [&](auto create) {
    const test::Exact<uint8_t> memory(model::Sampler::arena_bytes(vocab_size));
    rt::Arena arena(memory.span());
    auto sampler = create(arena);
    must(bool(sampler), "a sampler fits into what it says that it takes");
    (*sampler)->set(sampling);
    (*sampler)->want_probability(plan.piece & 1);
    test::Exact<float> copy(logits.size());
    for (uint64_t i = 0; i < logits.size(); ++i) copy[i] = logits[i];
    const model::Token before[] = {0, vocab_size, 0};
    must((*sampler)->sample(copy.span(), {before, 3}) < vocab_size, "what is drawn is a token");
  };
  draw([&](rt::Arena& arena) { return model::Llama2cSampler::create(vocab_size, kernels, arena); });
  draw([&](rt::Arena& arena) { return model::ChainSampler::create(vocab_size, arena); });
}

void compare_kernels(const model::Model& m, const model::ActivationSize& size, const Plan& plan) {
  std::vector<const model::Kernels*> usable;
  for (const model::Kernels* set : model::all_kernels())
    if (model::usable(*set, test::cpu_features())) usable.push_back(set);
  const model::Kernels& kernels = *usable[plan.kernel % usable.size()];
  const model::Kernels& others = *usable[plan.kernel / usable.size() % usable.size()];
  const auto expected = logits_of(m, size, plan.steps, kernels);
  const auto got = logits_of(m, size, plan.steps, others);
  for (uint64_t i = 0; i < expected.size(); ++i) {
    // Which NaN comes out of two is up to the instruction.
    const bool both_nan = expected[i] != expected[i] && got[i] != got[i];
    must(both_nan || std::bit_cast<uint32_t>(expected[i]) == std::bit_cast<uint32_t>(got[i]),
         "every kernel set has the same logits");
  }
  must_draw_a_token(got, others, plan);
  if (is_tame(m))
    for (const float logit : expected) must(std::isfinite(logit), "a model of finite weights has finite logits");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fuzz::Input input(data, size);
  const Plan plan(input);
  const std::vector<uint8_t> file = input.rest();
  const uint64_t described = fuzz::described_bytes(file);
  const uint64_t sizes[] = {file.size(), described, described, described + plan.length / 4 - 32};
  const uint64_t claimed = file.empty() ? 0 : sizes[plan.length % 4];
  const uint64_t breaks_at = plan.length % 4 == 2 ? file.size() : kMedium;

  fuzz::Source source(file, claimed, breaks_at, plan.piece_size());
  model::Stream stream(source);
  const test::Exact<uint8_t> head_memory(4096);
  rt::Arena head(head_memory.span());
  auto opened = model::open_model(stream, head, head);
  if (!opened) {
    fuzz::must_be_a_sentence(opened.error());
    return 0;
  }
  const model::ModelFile& model_file = **opened;
  must(claimed == described, "a checkpoint is as long as its header describes");
  const model::Config& c = model_file.info().config;
  must(c.dim % c.n_heads == 0 && c.head_dim() % 2 == 0, "heads divide a vector into pairs");
  must(c.n_heads % c.n_kv_heads == 0, "every head has keys and values");

  const model::TensorPlan& plan_of = **model_file.plan(plan.how(), head);
  const uint64_t bytes = plan_of.arena_bytes();
  const bool too_large = bytes > kMemory || model_file.scratch_bytes() > kMemory;
  if (too_large || plan.shortage) {
    const test::Exact<uint8_t> memory(too_large ? kMemory : bytes - rt::min<uint64_t>(plan.shortage, bytes));
    const test::Exact<uint8_t> scratch_memory(rt::min(kMemory, model_file.scratch_bytes()));
    rt::Arena arena(memory.span()), scratch(scratch_memory.span());
    model::Model model;
    rt::Result<void> done = plan_of.allocate(model, arena);
    if (done) done = model_file.load(stream, model, scratch);
    must(!done, "what does not fit is refused");
    must(done.error().code == rt::Errc::out_of_memory, "what does not fit is out of memory");
    fuzz::must_be_a_sentence(done.error());
    return 0;
  }

  Loaded loaded(model_file, plan_of);
  const rt::Result<void> done = loaded.load(stream, model_file, plan_of);
  must(loaded.scratch.used() == 0, "the scratch arena is rewound");
  if (!done) {
    fuzz::must_be_a_sentence(done.error());
    must(source.position() >= rt::min(claimed, breaks_at), "only a broken medium stops a model that fits");
    must(breaks_at < claimed, "a whole medium brings a whole model");
    return 0;
  }
  must(loaded.arena.used() == bytes, "a model takes what it said");
  must(stream.left() == 0 && source.position() == claimed, "a model is read to its file's end");
  fuzz::WeightsOfFile(file, model_file.info()).must_be_in(loaded.model);

  fuzz::Source whole(file, claimed, kMedium, kMedium);
  model::Stream other(whole);
  const test::Exact<uint8_t> again_memory(4096);
  rt::Arena again_head(again_memory.span());
  auto reopened = model::open_model(other, again_head, again_head);
  must(bool(reopened), "the same header is read twice");
  const model::ModelFile& same_file = **reopened;
  const model::TensorPlan& same_plan = **same_file.plan(plan.how(), again_head);
  Loaded again(same_file, same_plan);
  must(bool(again.load(other, same_file, same_plan)), "the same model is read twice");
  must(same_weights(loaded.model, again.model), "the sizes of the pieces change nothing");
  compare_kernels(loaded.model, plan_of.activation_size(), plan);
  return 0;
}
