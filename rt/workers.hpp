#pragma once
#include <stdint.h>

namespace rt {

/// Work that falls into slices, which may run at the same time, on any core, in any order.
class Task {
 public:
  virtual void run(uint32_t slice) = 0;

 protected:
  ~Task() = default;
};

/// The cores of the machine.
class Workers {
 public:
  /// How many slices a task is best cut into now; 1 where one core works.
  virtual uint32_t slices() const = 0;
  /// What slices() can ever be.
  virtual uint32_t most_slices() const = 0;
  /// Runs task.run(slice) once for every slice below `slices`; returns when all have ended.
  virtual void run(Task& task, uint32_t slices) = 0;

 protected:
  ~Workers() = default;
};

/// One core.
class Alone final : public Workers {
 public:
  uint32_t slices() const override { return 1; }
  uint32_t most_slices() const override { return 1; }
  void run(Task& task, uint32_t slices) override {
    for (uint32_t slice = 0; slice < slices; ++slice) task.run(slice);
  }
};

}  // namespace rt
