// Other processors by PSCI (Arm DEN 0022), the calls that every system firmware of AArch64 answers: for UEFI firmware
// without MP services. A processor is started with its caches and address translation off, at the exception level of
// the caller, and ends by switching itself off.
#include "boot/platform/starter.hpp"

#include "boot/platform/aarch64/cores.hpp"
#include "boot/platform/aarch64/instructions.hpp"
#include "boot/platform/firmware.hpp"
#include "boot/platform/pages.hpp"

namespace platform {
namespace {

constexpr uint32_t kVersion = 0x84000000;
constexpr uint32_t kCpuOn = 0xc4000003, kAffinityInfo = 0xc4000004;
constexpr int64_t kIsOff = 1;

/// What a processor finds when it begins; start.S knows the offsets of the first two.
struct alignas(64) Job {
  Translation translation;
  uint64_t smc;
  Starter::Body body;
  void* argument;
  uint64_t member;
};
static_assert(offsetof(Job, smc) == kSmcOffset);

class PsciStarter final : public Starter {
 public:
  PsciStarter(const Cores& cores) : smc_(cores.conduit == Cores::Conduit::smc), cores_(cores) {}

  bool works() const {
    const int64_t version = psci_call(kVersion, 0, 0, 0, smc_);
    return version > 0 && version >= 2;  // 0.2: the first with numbers for its calls
  }

  uint32_t count(uint32_t most) override {
    uint32_t others = 0;
    for (uint32_t i = 0; i < cores_.count && others < most; ++i) {
      const uint64_t id = cores_.ids[i];
      // Somebody else's is on.
      if (id != own_id() && is_off(id)) cores_.ids[others++] = id;
    }
    return cores_.count = others;
  }

  rt::Result<void> start(uint32_t others, Body body, void* argument) override;

  bool all_back() override {
    for (uint32_t i = 0; i < cores_.count; ++i)
      if (started_ >> i & 1 && !is_off(cores_.ids[i])) return false;
    started_ = 0;
    memory_ = Pages();
    return true;
  }

 private:
  static constexpr uint64_t kStackBytes = 64 << 10;

  bool is_off(uint64_t id) const { return psci_call(kAffinityInfo, id, 0, 0, smc_) == kIsOff; }

  bool smc_;
  uint64_t started_ = 0;  // bits
  Pages memory_;          // jobs and stacks, for as long as a processor may be on
  Cores cores_;
};
static_assert(sizeof(PsciStarter) <= StarterRoom::kBytes && Cores::kMost <= 64);

rt::Result<void> PsciStarter::start(uint32_t others, Body body, void* argument) {
  if (rt::Result<void> done = memory_.allocate(others * (sizeof(Job) + kStackBytes), MemoryUse::buffer,
                                               "the stacks of other processors");
      !done)
    return done;
  auto* jobs = reinterpret_cast<Job*>(memory_.memory().data);
  const uint64_t stacks = reinterpret_cast<uint64_t>(jobs + others);
  clean_entry();
  int64_t refusal = 0;
  for (uint32_t i = 0; i < others; ++i) {
    Job& job = jobs[i];
    job = {own_translation(), smc_, body, argument, i + 1};
    job.translation.stack = stacks + (i + 1) * kStackBytes;
    clean_to_memory(&job, sizeof job);
    const int64_t answer = psci_call(kCpuOn, cores_.ids[i], psci_entry(), reinterpret_cast<uint64_t>(&job), smc_);
    if (answer == 0)
      started_ |= uint64_t{1} << i;
    else
      refusal = answer;
  }
  if (started_) return {};
  memory_ = Pages();
  return rt::fail(rt::Errc::firmware, static_cast<uint64_t>(uefi::Status::device_error),
                  "firmware does not start the other processors: PSCI answers %lld", static_cast<long long>(refusal));
}

}  // namespace

Starter* make_own_starter(StarterRoom& room) {
  Cores cores = cores_of_acpi(*g_system);
  if (cores.conduit == Cores::Conduit::none || !cores.count) cores = cores_of_device_tree(*g_system);
  if (cores.conduit == Cores::Conduit::none || !cores.count) return nullptr;
  auto* starter = new (rt::Placement{room.bytes}) PsciStarter(cores);
  return starter->works() ? starter : nullptr;
}

}  // namespace platform

void psci_body(void* argument) {
  const auto& job = *static_cast<const platform::Job*>(argument);
  job.body(job.argument, static_cast<uint32_t>(job.member));
}
