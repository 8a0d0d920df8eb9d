#include "model/engine.hpp"

#include "model/chat/conversation.hpp"

namespace model {
namespace {

/// Room for encoding prompts and conversations that fill the context: tokens of up to eight bytes, what the encoder
/// keeps per byte, and the parts that a conversation is made of.
uint64_t prompt_bytes(uint32_t context) { return 4096 + uint64_t{context} * (8 * 80 + 32); }

}  // namespace

rt::Result<void> Engine::open(rt::ByteSource& source) {
  rt::Result<rt::Span<uint8_t>> place = lasting_.make_raw<uint8_t>(sizeof(Stream));
  if (!place) return place.error();
  stream_ = new (rt::Placement{place->data}) Stream(source);
  rt::Result<const ModelFile*> file = open_model(*stream_, lasting_, working_);
  if (!file) return file.error();
  file_ = *file;
  tokenizer_ = file_->tokenizer();
  return {};
}

uint64_t Engine::working_bytes(uint32_t context, uint32_t slices) const {
  const Config& c = info().config;
  return rt::round_up(Transformer::arena_bytes(c, plan_->activation_size(), context, slices), rt::Arena::kAlign) +
         rt::round_up(Sampler::arena_bytes(c.vocab_size), rt::Arena::kAlign) +
         rt::round_up(Session::ids_needed(context) * sizeof(Token), rt::Arena::kAlign) +
         Conversation::arena_bytes(context) + prompt_bytes(context);
}

rt::Result<void> Engine::reserve(const EngineOptions& options, uint64_t tokenizer_file,
                                 const rt::Workers& workers) {
  rt::Result<const TensorPlan*> plan = file_->plan(options.storage, lasting_);
  if (!plan) return plan.error();
  plan_ = *plan;
  const Config& c = info().config;
  TokenizerBytes tokenizer;
  if (needs_tokenizer()) tokenizer = model::tokenizer_bytes(tokenizer_file, c.vocab_size);
  tokenizer_bytes_ = rt::round_up(tokenizer.arena, rt::Arena::kAlign);
  rt::Result<void> done = lasting_.reserve(tokenizer_bytes_ + plan_->arena_bytes(),
                                           rt::max(tokenizer_bytes_, plan_->largest_piece()));
  if (!done) return done;

  // What loading needs lies behind the buffers, where later the text's memory is.
  const uint64_t loading = rt::max(tokenizer.scratch, file_->scratch_bytes());
  wanted_context_ = rt::min(options.context ? options.context : kUsualContext, c.seq_len);
  for (context_ = wanted_context_;; context_ -= context_ / 8 + 1) {
    const uint64_t bytes = working_bytes(context_, workers.most_slices());
    // The buffers are gone by then, but for what stays unused behind the last piece that fits there.
    const uint64_t piece = rt::max(KvCache::bytes(c, context_) / (uint64_t{c.n_layers} * c.n_kv_heads),
                                   c.vocab_size * sizeof(float));
    const uint64_t there = working_.used() - rt::min(working_.used(), piece);
    done = working_.reserve(rt::max(loading, bytes - rt::min(bytes, there)), piece);
    if (done || context_ < 16) return done;
  }
}

rt::Result<void> Engine::read_tokenizer(rt::ByteSource& source) {
  Stream stream(source);
  rt::Result<SentencePiece> tokenizer =
      model::read_tokenizer(stream, info().config.vocab_size, lasting_, working_);
  if (!tokenizer) return tokenizer.error();
  own_tokenizer_ = *tokenizer;
  tokenizer_ = &own_tokenizer_;
  return {};
}

rt::Result<void> Engine::read_weights() {
  if (rt::Result<void> done = plan_->allocate(model_, lasting_); !done) return done;
  const rt::Result<void> done = file_->load(*stream_, model_, working_);
  stream_ = nullptr;
  if (done) working_.clear();
  return done;
}

rt::Result<void> Engine::start(const Kernels& kernels, rt::Workers& workers) {
  rt::Result<Transformer> transformer = Transformer::create(model_, context_, kernels, workers, working_);
  if (!transformer) return transformer.error();
  transformer_ = *transformer;
  rt::Result<Sampler*> sampler = file_->make_sampler(kernels, working_);
  if (!sampler) return sampler.error();
  sampler_ = *sampler;
  rt::Result<rt::Span<Token>> ids = working_.make_raw<Token>(Session::ids_needed(context_));
  if (!ids) return ids.error();
  if (!needs_tokenizer()) session_ = Session(transformer_, *tokenizer_, *sampler_, *ids);
  return {};
}

}  // namespace model
