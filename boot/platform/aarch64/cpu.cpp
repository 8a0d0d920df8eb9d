#include "boot/platform/cpu.hpp"

#include "boot/platform/aarch64/instructions.hpp"
#include "boot/platform/processor.hpp"
#include "rt/aarch64/features.hpp"
#include "rt/format.hpp"

namespace platform {

// Vectors are in the base, and start.S has switched them on and set how floats round, on every processor.
rt::CpuFeatures VectorState::enable() {
  const bool dot_product = read_id_aa64isar0() >> 44 & 0xf;
  return rt::CpuFeatures::only_if(dot_product, rt::kDotProduct);
}

void VectorState::restore() { kept_ = {}; }

// Some boards tell the processor a wrong rate: the clock's look at the real-time clock is the check.
CounterRate counter_rate() { return {read_cntfrq()}; }

namespace {

struct Name {
  uint8_t implementer;
  uint16_t part;
  char text[16];
};
// MIDR_EL1's numbers of processors that machines with UEFI have.
constexpr Name kNames[] = {
    {0x00, 0x051, "QEMU max"},        {0x41, 0xd03, "Cortex-A53"},  {0x41, 0xd04, "Cortex-A35"},
    {0x41, 0xd05, "Cortex-A55"},      {0x41, 0xd07, "Cortex-A57"},  {0x41, 0xd08, "Cortex-A72"},
    {0x41, 0xd09, "Cortex-A73"},      {0x41, 0xd0b, "Cortex-A76"},  {0x41, 0xd0c, "Neoverse N1"},
    {0x41, 0xd40, "Neoverse V1"},     {0x41, 0xd49, "Neoverse N2"}, {0x41, 0xd4f, "Neoverse V2"},
    {0xc0, 0xac3, "Ampere-1"},
};

}  // namespace

CpuName::CpuName() : text(buffer_) {
  const uint64_t midr = read_midr();
  const uint32_t implementer = midr >> 24 & 0xff, part = midr >> 4 & 0xfff;
  for (const Name& name : kNames)
    if (name.implementer == implementer && name.part == part) {
      rt::print_to({buffer_, sizeof buffer_}, "%s", name.text);
      return;
    }
  rt::print_to({buffer_, sizeof buffer_}, "AArch64, implementer 0x%x, part 0x%x", implementer, part);
}

}  // namespace platform
