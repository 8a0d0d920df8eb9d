#include "boot/platform/processors.hpp"

#include "boot/platform/cpu.hpp"
#include "boot/platform/firmware.hpp"
#include "boot/platform/processor.hpp"

namespace platform {

namespace {

constexpr uint64_t kArrival = 500;   // milliseconds that a processor has to come
constexpr uint64_t kReturn = 5000;   // that firmware has to notice that all went

/// Waits for `done()` for at most so many milliseconds.
template <class Condition>
bool wait_for(uint64_t milliseconds, Condition done) {
  for (uint64_t i = 0; i < milliseconds; ++i) {
    if (done()) return true;
    (void)g_services->stall(1000);
  }
  return done();
}

Starter* make_starter(StarterRoom& room) {
  Starter* starter = make_mp_starter(room);
  return starter ? starter : make_own_starter(room);
}

/// All members that `starter` can bring and the user wants, this processor included.
uint32_t members(Starter* starter, uint32_t wanted) {
  const uint32_t most = wanted ? rt::min(wanted, rt::Crew::kMostMembers) : rt::Crew::kMostMembers;
  return starter && most > 1 ? starter->count(most - 1) + 1 : 1;
}

}  // namespace

Processors::Processors(uint32_t wanted, rt::Sink& notes)
    : starter_(make_starter(room_)), notes_(notes), crew_(members(starter_, wanted), spinning) {}

Processors::~Processors() {
  stop();
  if (started_) notes_.write("note: waiting for other processors, which have not come back to firmware\n");
  while (started_) stop();
}

void Processors::serve(void* self, uint32_t member) {
  VectorState vectors;
  vectors.enable();
  static_cast<Processors*>(self)->crew_.serve(member);
}

rt::Result<void> Processors::start() {
  const uint32_t others = crew_.members() - 1;
  if (others == 0 || (started_ && !crew_.dismissed())) return {};
  stop();  // who was late then may be back now
  if (started_)
    return rt::fail(rt::Errc::firmware, 0, "the other processors have not come back");
  crew_.recall();
  if (rt::Result<void> done = starter_->start(others, serve, this); !done) {
    crew_.set_members(1);
    return done;
  }
  started_ = true;
  if (wait_for(kArrival, [&] { return crew_.present() == others; })) return {};
  return rt::fail(rt::Errc::firmware, 0, "%u of %u other processors did not come",
                  others - crew_.present(), others);
}

void Processors::stop() {
  if (!started_) return;
  crew_.dismiss();
  if (!wait_for(kReturn, [&] { return crew_.present() == 0; })) return;
  if (wait_for(kReturn, [&] { return starter_->all_back(); })) started_ = false;
}

}  // namespace platform
