#pragma once
#include <thread>
#include <vector>

#include "rt/crew.hpp"

namespace test {

/// A crew on threads of the host, as boot/platform/processors.* makes one of processors.
class Threads {
 public:
  explicit Threads(uint32_t members) : crew(members) {
    for (uint32_t member = 1; member < members; ++member)
      threads_.emplace_back([this, member] { crew.serve(member); });
    while (crew.present() + 1 < members) std::this_thread::yield();
  }
  ~Threads() {
    crew.dismiss();
    for (std::thread& thread : threads_) thread.join();
  }

  rt::Crew crew;

 private:
  std::vector<std::thread> threads_;
};

}  // namespace test
