#pragma once
#include <cstdint>

#include "rt/workers.hpp"

namespace test {

/// One core that does the parts in the wrong order; how many it wants may change at any time.
class Backwards final : public rt::Workers {
 public:
  explicit Backwards(uint32_t most) : wanted(most), most_(most) {}
  uint32_t wanted;

  uint32_t parts() const override { return wanted; }
  uint32_t most_parts() const override { return most_; }
  void run(rt::Task& task, uint32_t parts) override {
    for (uint32_t part = parts; part-- > 0;) task.run(part);
  }

 private:
  uint32_t most_;
};

}  // namespace test
