#pragma once
#include <cstdint>

#include "rt/workers.hpp"

namespace test {

/// One core that does the slices in the wrong order; how many it wants may change at any time.
class Backwards final : public rt::Workers {
 public:
  explicit Backwards(uint32_t most) : wanted(most), most_(most) {}
  uint32_t wanted;

  uint32_t slices() const override { return wanted; }
  uint32_t most_slices() const override { return most_; }
  void run(rt::Task& task, uint32_t slices) override {
    for (uint32_t slice = slices; slice-- > 0;) task.run(slice);
  }

 private:
  uint32_t most_;
};

}  // namespace test
