#pragma once
#include <cstdint>
#include <thread>
#include <vector>

#include "model/workers.hpp"

namespace test {

/// One core that does the parts in the wrong order; how many it wants may change at any time.
class Backwards final : public model::Workers {
 public:
  explicit Backwards(uint32_t most) : wanted(most), most_(most) {}
  uint32_t wanted;

  uint32_t parts() const override { return wanted; }
  uint32_t most_parts() const override { return most_; }
  void run(model::Task& task, uint32_t parts) override {
    for (uint32_t part = parts; part-- > 0;) task.run(part);
  }

 private:
  uint32_t most_;
};

/// A thread for every part.
class Threads final : public model::Workers {
 public:
  explicit Threads(uint32_t parts) : parts_(parts) {}
  uint32_t parts() const override { return parts_; }
  uint32_t most_parts() const override { return parts_; }
  void run(model::Task& task, uint32_t parts) override {
    std::vector<std::thread> threads;
    for (uint32_t part = 0; part < parts; ++part) threads.emplace_back([&task, part] { task.run(part); });
    for (std::thread& thread : threads) thread.join();
  }

 private:
  uint32_t parts_;
};

}  // namespace test
