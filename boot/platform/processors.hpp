#pragma once
#include "rt/crew.hpp"
#include "rt/format.hpp"
#include "rt/result.hpp"
#include "uefi_headers/mp_services.hpp"

namespace platform {

/// The application processors as members of a crew. Firmware's MP services start them once for a
/// while of work, not for every task, which would take 10 ms each. PI 1.7 vol. 2 §13.4.
class Processors {
 public:
  /// Asks firmware what there is. `wanted`: the most processors to use, this one included; 0: all.
  /// `notes`: where the destructor says that it waits; outlives this.
  Processors(uint32_t wanted, rt::Sink& notes);
  Processors(const Processors&) = delete;
  /// Comes back when the last processor has, however long that takes: it returns to the code of this program, which
  /// must be there still.
  ~Processors();

  /// Whether firmware can start other processors at all.
  bool available() const { return services_ != nullptr; }
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
  /// What an application processor starts from.
  static void serve(void* self);

  uint32_t count(uint32_t wanted);

  static constexpr uint32_t kMostProcessors = 256;

  uefi::MpServices* services_;
  rt::Sink& notes_;
  uefi::Event finished_ = nullptr;  // signalled when all have come back
  uint8_t member_[kMostProcessors] = {};  // by processor number; 0: takes no part
  rt::Crew crew_;
};

}  // namespace platform
