#pragma once
#include "boot/options.hpp"
#include "boot/platform/cpu.hpp"
#include "boot/platform/files.hpp"
#include "boot/platform/pages.hpp"
#include "boot/platform/processors.hpp"
#include "boot/terminal.hpp"
#include "model/session.hpp"

namespace boot {

/// A model in memory, ready to tell stories. Parts point at each other: it must stay in its place.
struct Engine {
  /// `threads`: the most processors to use; 0: as many as pay.
  explicit Engine(uint32_t threads) : processors(threads) {}
  Engine(const Engine&) = delete;

  platform::VectorState vectors;
  platform::Processors processors;
  platform::Pages weights;  // model and tokenizer
  platform::Pages session;  // activations, KV cache, prompts; while loading, what is read from disk
  rt::Arena arena;  // over `session`
  model::Checkpoint checkpoint;
  model::Model model;
  model::Tokenizer tokenizer;
  model::Transformer transformer;
  model::Sampler sampler;
  uint64_t tokenizer_bytes = 0;  // of `weights`
};

/// Finds the files that `options` name, reads them with a progress bar and makes `engine` ready.
/// Fails with a sentence that names the file; Errc::stopped where the user pressed Esc or Ctrl-C.
rt::Result<void> load(Engine& engine, const Options& options, const Terminal& terminal);

}  // namespace boot
