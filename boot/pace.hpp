#pragma once
#include "boot/engine.hpp"
#include "boot/terminal.hpp"

namespace boot {

/// Keeps an eye on whether all the processors that were chosen still pay: a virtual machine's host
/// may have given some of them to others. Now and then a few tokens are made with one processor (or
/// with all of them, where one works), and the faster way is kept. The text does not depend on it.
class Pace {
 public:
  /// `fixed`: the user said how many, and nothing is tried.
  Pace(Engine& engine, const Terminal& terminal, bool fixed)
      : engine_(engine), terminal_(terminal), all_(engine.processors.crew().members()), fixed_(fixed) {}
  ~Pace() { engine_.processors.crew().set_members(all_); }

  /// To be told what each token took, in clock ticks.
  void token_took(uint64_t ticks);

 private:
  static constexpr uint32_t kInterval = 48;  // tokens between two trials
  static constexpr uint32_t kTrial = 3;      // tokens of a trial: the best counts

  void use(uint32_t members);
  void end_trial();

  Engine& engine_;
  const Terminal& terminal_;
  uint32_t all_;
  bool fixed_;
  uint32_t tokens_ = 0;  // since the last trial began or ended
  bool trying_ = false;
  uint64_t best_ = ~uint64_t{0}, usual_ = ~uint64_t{0};  // ticks a token
};

}  // namespace boot
