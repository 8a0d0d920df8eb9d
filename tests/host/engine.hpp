#pragma once
#include <cstdlib>
#include <memory>
#include <string>

#include "model/session.hpp"
#include "rt/arena.hpp"

namespace test {

/// Page-aligned memory of the host with an arena over it.
class Memory {
 public:
  explicit Memory(uint64_t bytes);
  rt::Arena arena;

 private:
  std::unique_ptr<void, decltype(&std::free)> pages_;
};

/// A model, its tokenizer and a session on the host, put together as boot/ does it on firmware.
class Engine {
 public:
  /// Throws std::runtime_error with the error's sentence. `tokenizer` may be null: then there is
  /// no session, only the transformer.
  Engine(rt::ByteSource& model, rt::ByteSource* tokenizer, model::Storage storage,
         const model::Kernels& kernels, rt::Workers& workers, uint32_t context = 0);

  model::Checkpoint checkpoint;
  std::unique_ptr<Memory> weights, buffers;
  model::Model model;
  model::Tokenizer tokenizer;
  model::Transformer transformer;
  model::Sampler sampler;
  std::unique_ptr<model::Session> session;
  rt::Arena& session_arena() { return buffers->arena; }
};

}  // namespace test
