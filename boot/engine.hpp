#pragma once
#include "boot/platform/pages.hpp"
#include "boot/platform/processors.hpp"
#include "model/engine.hpp"

namespace boot {

/// A model in memory that this machine can run: in memory of firmware's, on its processors.
class Engine {
 public:
  /// `threads`: the most processors to use; 0: as many as pay. `notes` outlives this.
  Engine(uint32_t threads, rt::Sink& notes) : processors(threads, notes) {}
  Engine(const Engine&) = delete;

  platform::Processors processors;

 private:
  platform::PageBlocks lasting_{platform::MemoryUse::model, "the model"};
  platform::PageBlocks working_{platform::MemoryUse::session, "the story"};

 public:
  model::Engine model{lasting_, working_};
};

}  // namespace boot
