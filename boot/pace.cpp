#include "boot/pace.hpp"

#include "boot/tune.hpp"

namespace boot {

void Pace::token_took(uint64_t ticks) {
  if (all_ == 1 || fixed_) return;
  // Of the usual way the latest tokens are compared, as many as those of a trial.
  const bool counts = trying_ || tokens_ + kTrial >= kInterval;
  if (counts) best_ = rt::min(best_, ticks);
  if (++tokens_ < (trying_ ? kTrial : kInterval)) return;
  tokens_ = 0;
  if (trying_) {
    end_trial();
  } else {
    usual_ = best_;
    use(engine_.processors.crew().members() == 1 ? all_ : 1);
  }
  trying_ = !trying_;
  best_ = ~uint64_t{0};
}

void Pace::end_trial() {
  rt::Crew& crew = engine_.processors.crew();
  const bool faster = best_ < usual_ - usual_ / 10;
  if (!faster) use(crew.members() == 1 ? all_ : 1);
  if (crew.members() == 1) engine_.processors.stop();  // who does not work must not spin
}

void Pace::use(uint32_t members) {
  rt::Crew& crew = engine_.processors.crew();
  if (crew.members() == members) return;
  crew.set_members(members);
  start_processors(engine_, terminal_);
}

}  // namespace boot
