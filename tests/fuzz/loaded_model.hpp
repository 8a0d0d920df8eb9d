// What the targets share that load models: memory of just the size that was announced, and the same logits from every kernel
// set.
#pragma once
#include <algorithm>
#include <cmath>

#include "model/chain_sampler.hpp"
#include "model/formats/format.hpp"
#include "model/kernels/select.hpp"
#include "model/llama2c_sampler.hpp"
#include "model/pack.hpp"
#include "model/sampler.hpp"
#include "model/transformer.hpp"
#include "tests/fuzz/fuzz.hpp"
#include "tests/host/cpu.hpp"

namespace fuzz {

inline constexpr uint32_t kContext = 20;  // more than one block of 16 time steps

/// What an input says about the tokens that are run, and with which kernels.
struct Draw {
  uint8_t piece, steps, kernel;
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

/// Is the model larger than `most` bytes, or is it to have `shortage` bytes less than it asks for? Then it must be refused.
inline bool lacks_memory(const model::ModelFile& file, const model::TensorPlan& plan, uint64_t most, uint64_t shortage,
                         model::Stream& stream) {
  const uint64_t bytes = plan.arena_bytes();
  const bool too_large = bytes > most || file.scratch_bytes() > most;
  if (!too_large && !shortage) return false;
  const test::Exact<uint8_t> memory(too_large ? most : bytes - rt::min(shortage, bytes));
  const test::Exact<uint8_t> scratch_memory(rt::min(most, file.scratch_bytes()));
  rt::Arena arena(memory.span()), scratch(scratch_memory.span());
  model::Model model;
  rt::Result<void> done = plan.allocate(model, arena);
  if (done) done = file.load(stream, model, scratch);
  must(!done, "what does not fit is refused");
  must(done.error().code == rt::Errc::out_of_memory, "what does not fit is out of memory");
  must_be_a_sentence(done.error());
  return true;
}

inline std::vector<model::Matrix> matrices_of(const model::Model& m) {
  std::vector<model::Matrix> all = {m.embedding, m.classifier};
  for (const model::Layer& layer : m.layers)
    all.insert(all.end(), {layer.wq, layer.wk, layer.wv, layer.wo, layer.w1, layer.w2, layer.w3});
  return all;
}

inline std::vector<float> norms_of(const model::Model& m) {
  std::vector<float> all(m.final_norm, m.final_norm + m.config.dim);
  for (const model::Layer& layer : m.layers)
    for (const float* norm : {layer.attn_norm, layer.ffn_norm}) all.insert(all.end(), norm, norm + m.config.dim);
  return all;
}

/// Are they the same to the last bit, that of NaN included?
inline bool same_weights(const model::Model& a, const model::Model& b) {
  const auto matrices = matrices_of(a), others = matrices_of(b);
  for (size_t i = 0; i < matrices.size(); ++i)
    if (std::memcmp(matrices[i].block(0), others[i].block(0), matrices[i].bytes()) != 0) return false;
  const auto norms = norms_of(a), other_norms = norms_of(b);
  return std::memcmp(norms.data(), other_norms.data(), norms.size() * sizeof(float)) == 0;
}

/// Are all weights of a size at which no model of kMemory overflows?
inline bool is_tame(const model::Model& m) {
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

inline test::Exact<float> logits_of(const model::Model& m, const model::ActivationSize& size, uint32_t steps,
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
inline void must_draw_a_token(const test::Exact<float>& logits, const model::Kernels& kernels, const Draw& plan) {
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

/// `finite`: the logits of such a model must be.
inline void compare_kernels(const model::Model& m, const model::ActivationSize& size, const Draw& plan,
                            bool finite) {
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
  if (finite)
    for (const float logit : expected) must(std::isfinite(logit), "a model of finite weights has finite logits");
}

}  // namespace fuzz
