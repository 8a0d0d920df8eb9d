#include "boot/platform/processors.hpp"

#include "boot/platform/cpu.hpp"
#include "boot/platform/firmware.hpp"
#include "boot/platform/instructions.hpp"

namespace platform {

using uefi::Status;

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

bool can_work(const uefi::ProcessorInformation& info) {
  constexpr uint32_t kNeeded = uefi::kProcessorEnabled | uefi::kProcessorHealthy;
  return (info.status_flag & kNeeded) == kNeeded && info.location.thread == 0 &&
         !(info.status_flag & uefi::kProcessorIsBsp);
}

}  // namespace

Processors::Processors(uint32_t wanted, rt::Sink& notes)
    : services_(locate_protocol<uefi::MpServices>()), notes_(notes), crew_(count(wanted), spinning) {}

Processors::~Processors() {
  stop();
  if (finished_) notes_.write("note: waiting for other processors, which have not come back to firmware\n");
  while (finished_) stop();
}

uint32_t Processors::count(uint32_t wanted) {
  const uint32_t most = wanted ? rt::min(wanted, rt::Crew::kMostMembers) : rt::Crew::kMostMembers;
  uefi::Uintn processors = 0, enabled = 0;
  if (!services_ || services_->get_number_of_processors(services_, &processors, &enabled) != Status::success)
    return 1;
  uint32_t members = 1;
  for (uefi::Uintn i = 0; i < rt::min<uefi::Uintn>(processors, kMostProcessors); ++i) {
    uefi::ProcessorInformation info{};
    if (members == most) break;
    if (services_->get_processor_info(services_, i, &info) == Status::success && can_work(info))
      member_[i] = uint8_t(members++);
  }
  return members;
}

void Processors::serve(void* self) {
  auto& processors = *static_cast<Processors*>(self);
  uefi::Uintn number = kMostProcessors;
  if (processors.services_->who_am_i(processors.services_, &number) != Status::success) return;
  if (number >= kMostProcessors) return;
  const uint32_t member = processors.member_[number];
  if (member == 0 || member >= processors.crew_.members()) return;
  VectorState vectors;
  vectors.enable();
  processors.crew_.serve(member);
}

rt::Result<void> Processors::start() {
  const uint32_t others = crew_.members() - 1;
  if (others == 0 || (finished_ && !crew_.dismissed())) return {};
  stop();  // who was late then may be back now
  if (finished_)
    return rt::fail(rt::Errc::firmware, 0, "the other processors have not come back");
  Status status = g_services->create_event(0, uefi::Tpl::application, nullptr, nullptr, &finished_);
  // Without an event, firmware would wait for processors that wait for us.
  if (status != Status::success || !finished_)
    return firmware_error(status, "no event for the other processors");
  crew_.recall();
  status = services_->startup_all_aps(services_, serve, uefi::Boolean::no, finished_, 0, this, nullptr);
  if (status != Status::success) {
    (void)g_services->close_event(finished_);
    finished_ = nullptr;
    crew_.set_members(1);
    return firmware_error(status, "firmware does not start the other processors");
  }
  if (wait_for(kArrival, [&] { return crew_.present() == others; })) return {};
  return rt::fail(rt::Errc::firmware, 0, "%u of %u other processors did not come",
                  others - crew_.present(), others);
}

void Processors::stop() {
  if (!finished_) return;
  crew_.dismiss();
  if (!wait_for(kReturn, [&] { return crew_.present() == 0; })) return;
  // Firmware signals the event when the last one is back: until then it must stay open.
  if (!wait_for(kReturn, [&] { return g_services->check_event(finished_) == Status::success; })) return;
  (void)g_services->close_event(finished_);
  finished_ = nullptr;
}

}  // namespace platform
