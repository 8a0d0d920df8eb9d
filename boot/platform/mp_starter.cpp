// Firmware's MP services start all application processors at once. They do it once for a while of work, not for every
// task, which would take 10 ms each. PI 1.7 vol. 2 §13.4.
#include "boot/platform/firmware.hpp"
#include "boot/platform/starter.hpp"
#include "rt/arena.hpp"
#include "uefi_headers/mp_services.hpp"

namespace platform {

using uefi::Status;

namespace {

class MpStarter final : public Starter {
 public:
  explicit MpStarter(uefi::MpServices& services) : services_(&services) {}

  uint32_t count(uint32_t most) override;
  rt::Result<void> start(uint32_t others, Body body, void* argument) override;
  bool all_back() override;

  void run_here();

 private:
  static constexpr uint32_t kMostProcessors = 256;

  uefi::MpServices* services_;
  uefi::Event finished_ = nullptr;  // signalled when all have come back
  uint32_t others_ = 0;
  Body body_ = nullptr;
  void* argument_ = nullptr;
  uint8_t member_[kMostProcessors] = {};  // by processor number; 0: takes no part
};
static_assert(sizeof(MpStarter) <= StarterRoom::kBytes);

bool can_work(const uefi::ProcessorInformation& info) {
  constexpr uint32_t kNeeded = uefi::kProcessorEnabled | uefi::kProcessorHealthy;
  return (info.status_flag & kNeeded) == kNeeded && info.location.thread == 0 &&
         !(info.status_flag & uefi::kProcessorIsBsp);
}

uint32_t MpStarter::count(uint32_t most) {
  uefi::Uintn processors = 0, enabled = 0;
  if (services_->get_number_of_processors(services_, &processors, &enabled) != Status::success) return 0;
  uint32_t others = 0;
  for (uefi::Uintn i = 0; i < rt::min<uefi::Uintn>(processors, kMostProcessors) && others < most; ++i) {
    uefi::ProcessorInformation info{};
    if (services_->get_processor_info(services_, i, &info) == Status::success && can_work(info))
      member_[i] = uint8_t(++others);
  }
  return others;
}

rt::Result<void> MpStarter::start(uint32_t others, Body body, void* argument) {
  others_ = others;
  body_ = body;
  argument_ = argument;
  Status status = g_services->create_event(0, uefi::Tpl::application, nullptr, nullptr, &finished_);
  // Without an event, firmware would wait for processors that wait for us.
  if (status != Status::success || !finished_) {
    finished_ = nullptr;
    others_ = 0;
    return firmware_error(status, "no event for the other processors");
  }
  status = services_->startup_all_aps(services_, other_processor, uefi::Boolean::no, finished_, 0, this, nullptr);
  if (status == Status::success) return {};
  others_ = 0;  // whoever still comes from an earlier start goes back at once
  (void)g_services->close_event(finished_);
  finished_ = nullptr;
  return firmware_error(status, "firmware does not start the other processors");
}

bool MpStarter::all_back() {
  // Until the event is signalled it must stay open.
  if (finished_ && g_services->check_event(finished_) != Status::success) return false;
  if (finished_) (void)g_services->close_event(finished_);
  finished_ = nullptr;
  return true;
}

void MpStarter::run_here() {
  uefi::Uintn number = kMostProcessors;
  if (services_->who_am_i(services_, &number) != Status::success) return;
  if (number >= kMostProcessors) return;
  const uint32_t member = member_[number];
  if (member != 0 && member <= others_) body_(argument_, member);
}

}  // namespace

Starter* make_mp_starter(StarterRoom& room) {
  uefi::MpServices* services = locate_protocol<uefi::MpServices>();
  return services ? new (rt::Placement{room.bytes}) MpStarter(*services) : nullptr;
}

}  // namespace platform

void other_processor_body(void* argument) { static_cast<platform::MpStarter*>(argument)->run_here(); }
