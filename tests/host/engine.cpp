#include "tests/host/engine.hpp"

#include <stdexcept>

namespace test {
namespace {

constexpr uint64_t kPage = 4096;
constexpr uint64_t kHugePage = 2 << 20;  // firmware maps memory in large pages: so does the host
constexpr uint64_t kPromptBytes = 16 << 20;  // room for encoding prompts

template <class T>
T take(rt::Result<T> result) {
  if (!result) throw std::runtime_error(result.error().text);
  return *result;
}

}  // namespace

Memory::Memory(uint64_t bytes)
    : pages_(std::aligned_alloc(kHugePage, rt::round_up(bytes + kPage, kHugePage)), &std::free) {
  if (!pages_) throw std::bad_alloc();
  arena = rt::Arena({static_cast<uint8_t*>(pages_.get()), bytes + kPage});
}

Engine::Engine(rt::ByteSource& source, rt::ByteSource* tokenizer_source,
               model::Storage storage, const model::Kernels& kernels, rt::Workers& workers,
               uint32_t context)
    : checkpoint(take(model::Checkpoint::open(source))) {
  const model::Config& c = checkpoint.config;
  if (context == 0 || context > c.seq_len) context = c.seq_len;
  const uint64_t tokenizer_bytes =
      tokenizer_source ? model::Tokenizer::arena_bytes(tokenizer_source->size(), c.vocab_size) : 0;
  weights = std::make_unique<Memory>(checkpoint.arena_bytes(storage) + tokenizer_bytes);
  buffers = std::make_unique<Memory>(
      model::Transformer::arena_bytes(c, checkpoint.row_groups(storage), context,
                                      workers.most_slices()) +
      model::Sampler::arena_bytes(c.vocab_size) + checkpoint.scratch_bytes() + kPromptBytes);
  model = take(checkpoint.load(source, storage, weights->arena, buffers->arena));
  transformer =
      take(model::Transformer::create(model, context, kernels, workers, buffers->arena));
  sampler = take(model::Sampler::create(c.vocab_size, kernels, buffers->arena));
  if (!tokenizer_source) return;
  tokenizer = take(model::Tokenizer::load(*tokenizer_source, c.vocab_size, weights->arena));
  session = std::make_unique<model::Session>(transformer, tokenizer, sampler);
}

}  // namespace test
