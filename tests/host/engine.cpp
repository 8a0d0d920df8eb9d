#include "tests/host/engine.hpp"

namespace test {

rt::Result<rt::Span<uint8_t>> HostPages::allocate(uint64_t bytes) {
  constexpr uint64_t kPage = 4096, kHugePage = 2 << 20;
  const uint64_t page = bytes < kHugePage ? kPage : kHugePage, whole = rt::round_up(bytes, page);
  void* memory = std::aligned_alloc(page, whole);
  if (!memory) return rt::fail(rt::Errc::out_of_memory, bytes, "out of memory");
  return rt::Span<uint8_t>{static_cast<uint8_t*>(memory), whole};
}

Engine::Engine(rt::ByteSource& source, rt::ByteSource* tokenizer, const model::EngineOptions& options,
               const model::Kernels& kernels, rt::Workers& workers) {
  need(engine.open(source));
  need(engine.reserve(options, tokenizer ? tokenizer->size() : 0, workers));
  if (tokenizer && engine.needs_tokenizer()) need(engine.read_tokenizer(*tokenizer));
  need(engine.read_weights());
  need(engine.start(kernels, workers));
  if (!engine.needs_tokenizer()) session = &engine.session();
}

}  // namespace test
