#pragma once
#include <cstdlib>
#include <stdexcept>
#include <string>

#include "model/engine.hpp"

namespace test {

/// The value, or the error's sentence as an exception: for steps that are taken for granted.
template <class T>
T need(rt::Result<T> result) {
  if (!result) throw std::runtime_error(result.error().text);
  return static_cast<T&&>(*result);
}
inline void need(rt::Result<void> result) {
  if (!result) throw std::runtime_error(result.error().text);
}

/// Memory of the host, mapped in large pages as firmware maps it.
class HostPages final : public rt::PageAllocator {
 public:
  rt::Result<rt::Span<uint8_t>> allocate(uint64_t bytes) override;
  void release(rt::Span<uint8_t> memory) override { std::free(memory.data); }
};

/// A model, its tokenizer and a session on the host, put together as boot/ does it on firmware.
class Engine {
 public:
  /// Throws std::runtime_error with the error's sentence. `tokenizer` may be null: then there is no
  /// session but where the model's file has a tokenizer, only the transformer.
  Engine(rt::ByteSource& source, rt::ByteSource* tokenizer, const model::EngineOptions& options,
         const model::Kernels& kernels, rt::Workers& workers);

 private:
  HostPages pages_;

 public:
  model::Engine engine{pages_, pages_};
  model::Session* session = nullptr;

  const model::Tokenizer& tokenizer() { return engine.tokenizer(); }
  model::Transformer& transformer() { return engine.transformer(); }
  model::Sampler& sampler() { return engine.sampler(); }
  rt::Arena& session_arena() { return engine.arena(); }
};

}  // namespace test
