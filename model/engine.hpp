#pragma once
#include "model/formats/format.hpp"
#include "model/formats/llama2c_tokenizer.hpp"
#include "model/session.hpp"

namespace model {

/// What the user wants of a model's memory.
struct EngineOptions {
  Storage storage;
  uint32_t context = 0;  // the most positions; 0: as many as the model has, up to kUsualContext
};
inline constexpr uint32_t kUsualContext = 4096;

/// A model in memory with all that it takes to tell a text. It is put together here and nowhere else,
/// in this order: open, reserve, read_tokenizer (where the model's file has none), read_weights,
/// start. Its parts point at each other: it must stay in its place.
class Engine {
 public:
  /// `lasting`: memory for what lives as long as the engine, weights and tokenizer; `working`: for what
  /// a text needs, and until then for what loading does.
  Engine(rt::PageAllocator& lasting, rt::PageAllocator& working) : lasting_(lasting), working_(working) {}
  Engine(const Engine&) = delete;

  /// Room for reading: for the buffers of a source, before open(). Gone after read_weights().
  rt::Result<rt::Span<uint8_t>> buffer(uint64_t bytes) { return working_.make_raw<uint8_t>(bytes); }

  /// Reads and judges the head of a model's file. The source must live until read_weights() ends.
  rt::Result<void> open(rt::ByteSource& source);
  const ModelInfo& info() const { return file_->info(); }
  bool needs_tokenizer() const { return !tokenizer_; }

  /// Asks for all the memory that will be needed. `tokenizer_file`: the bytes of the tokenizer's file;
  /// `workers`: those of start(). Where memory is too small for the context, context() is shorter
  /// than what was wanted.
  rt::Result<void> reserve(const EngineOptions& options, uint64_t tokenizer_file, const rt::Workers& workers);
  /// The context that was wanted, and the one that there is memory for.
  uint32_t wanted_context() const { return wanted_context_; }
  uint32_t context() const { return context_; }

  rt::Result<void> read_tokenizer(rt::ByteSource& source);
  rt::Result<void> read_weights();
  /// Makes ready to tell. `kernels` and `workers` must outlive this.
  rt::Result<void> start(const Kernels& kernels, rt::Workers& workers);

  const Model& model() const { return model_; }
  const Tokenizer& tokenizer() const { return *tokenizer_; }
  Transformer& transformer() { return transformer_; }
  Sampler& sampler() { return *sampler_; }
  /// The one text that the KV cache is for.
  Session& session() { return session_; }
  /// For texts: what is taken here is given back when the text has ended. There is room for a Conversation.
  rt::Arena& arena() { return working_; }

  uint64_t weight_bytes() const { return plan_->arena_bytes(); }
  uint64_t tokenizer_bytes() const { return tokenizer_bytes_; }
  uint64_t cache_bytes() const { return KvCache::bytes(model_.config, context_); }

 private:
  uint64_t working_bytes(uint32_t context, uint32_t slices) const;

  rt::Arena lasting_, working_;
  Stream* stream_ = nullptr;
  const ModelFile* file_ = nullptr;
  const TensorPlan* plan_ = nullptr;
  SentencePiece own_tokenizer_;
  const Tokenizer* tokenizer_ = nullptr;
  uint64_t tokenizer_bytes_ = 0;
  uint32_t wanted_context_ = 0, context_ = 0;
  Model model_;
  Transformer transformer_;
  Sampler* sampler_ = nullptr;
  Session session_;
};

}  // namespace model
