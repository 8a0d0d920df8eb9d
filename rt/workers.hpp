#pragma once
#include <stdint.h>

namespace rt {

/// Work that falls into parts which may run at the same time, on any core, in any order.
class Task {
 public:
  virtual void run(uint32_t part) = 0;

 protected:
  ~Task() = default;
};

/// The cores of the machine.
class Workers {
 public:
  /// How many parts a task is best cut into now; 1 where one core works.
  virtual uint32_t parts() const = 0;
  /// What parts() can ever be.
  virtual uint32_t most_parts() const = 0;
  /// Runs task.run(part) once for every part below `parts`; returns when all have ended.
  virtual void run(Task& task, uint32_t parts) = 0;

 protected:
  ~Workers() = default;
};

/// One core.
class Alone final : public Workers {
 public:
  uint32_t parts() const override { return 1; }
  uint32_t most_parts() const override { return 1; }
  void run(Task& task, uint32_t parts) override {
    for (uint32_t part = 0; part < parts; ++part) task.run(part);
  }
};

}  // namespace rt
