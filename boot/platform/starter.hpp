#pragma once
#include "rt/result.hpp"

namespace platform {

/// How a machine starts other processors: firmware's MP services, or calls of the architecture's own. All of it is
/// called on the boot processor.
class Starter {
 public:
  /// What a processor runs, on a stack of its own; `member`: 1 to the number that were started.
  using Body = void (*)(void* argument, uint32_t member);

  /// How many others could work, `most` at most. Called once, before all else.
  virtual uint32_t count(uint32_t most) = 0;
  /// Starts so many of them. An error says that none of them comes; of some that were started, a few may never come.
  virtual rt::Result<void> start(uint32_t others, Body body, void* argument) = 0;
  /// Whether the last one that was started has left this program's code and stacks for good. Called until it is so;
  /// then they can be started again.
  virtual bool all_back() = 0;

 protected:
  ~Starter() = default;
};

/// Memory that a starter may need for itself. It lives as long as processors may look at it.
struct StarterRoom {
  static constexpr uint64_t kBytes = 1024;
  alignas(16) uint8_t bytes[kBytes];
};

/// Firmware's MP services as a starter, made in `room`; null where firmware has none.
Starter* make_mp_starter(StarterRoom& room);

/// The architecture's own starter, for firmware without; null where there is none.
Starter* make_own_starter(StarterRoom& room);

}  // namespace platform

extern "C" {
/// Where firmware lets another processor begin. Each architecture has its own: what C++ needs is switched on, and off
/// again at the end; in between comes other_processor_body().
void other_processor(void* argument);
void other_processor_body(void* argument);
}
