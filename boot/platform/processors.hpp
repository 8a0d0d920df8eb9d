#pragma once
#include "boot/platform/starter.hpp"
#include "rt/crew.hpp"
#include "rt/format.hpp"
#include "rt/result.hpp"

namespace platform {

/// The other processors as members of a crew. They are started once for a while of work, not for every task: starting
/// takes 10 ms.
class Processors {
 public:
  /// Asks firmware what there is. `wanted`: the most processors to use, this one included; 0: all.
  /// `notes`: where the destructor says that it waits; outlives this.
  Processors(uint32_t wanted, rt::Sink& notes);
  Processors(const Processors&) = delete;
  /// Comes back when the last processor has, however long that takes: it returns to the code of this program, which
  /// must be there still.
  ~Processors();

  /// Whether other processors can be started at all.
  bool available() const { return starter_ != nullptr; }
  /// The crew, with as many members as processors could work: one for each physical core.
  rt::Crew& crew() { return crew_; }

  /// Brings crew().members() - 1 other processors into the crew. They spin there until stop(). An
  /// error says why fewer work than could; those that came work all the same. Nothing is done where
  /// there is one member, or where they are there already.
  rt::Result<void> start();
  /// Gives the processors back to firmware. One that does not come back within seconds is waited for
  /// again at the next start() or stop().
  void stop();

 private:
  /// What another processor runs.
  static void serve(void* self, uint32_t member);

  StarterRoom room_;
  Starter* starter_;
  rt::Sink& notes_;
  bool started_ = false;  // and not all are back
  rt::Crew crew_;
};

}  // namespace platform
