#pragma once
#include "boot/load.hpp"

namespace boot {

/// The model that tells the stories. Another one takes its place only when that works: until then both are in memory.
/// Where memory is too small for two, the old one goes first.
class CurrentModel {
 public:
  explicit CurrentModel(const Terminal& terminal) : terminal_(terminal) {}
  CurrentModel(const CurrentModel&) = delete;
  ~CurrentModel() { drop(); }

  /// Null: there is none.
  Engine* engine() { return engine_; }

  /// Loads the model that `options` say. Where that fails, engine() is the old one still, or null where it had to go.
  rt::Result<void> change(const Options& options);

 private:
  rt::Result<void> load_beside(const Options& options);
  void drop();

  const Terminal& terminal_;
  platform::VectorState vectors_;
  rt::CpuFeatures features_ = vectors_.enable();
  Engine* engine_ = nullptr;
};

}  // namespace boot
