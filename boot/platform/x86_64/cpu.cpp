#include "boot/platform/cpu.hpp"

#include "boot/platform/processor.hpp"
#include "boot/platform/x86_64/instructions.hpp"
#include "rt/memory.hpp"
#include "rt/x86_64/features.hpp"

namespace platform {
namespace {

bool bit(uint32_t word, int n) { return word >> n & 1; }

constexpr uint64_t kOsxsave = 1 << 18;           // CR4
constexpr uint32_t kMxcsr = 0x1f80;              // UEFI 2.10 §2.3.4: to nearest, all masked, no flush to zero
constexpr uint64_t kXcr0Avx = 7;                 // x87, SSE, AVX
constexpr uint64_t kXcr0Avx512 = kXcr0Avx | 0xe0;  // opmask, upper halves, upper registers

/// Leaf 0x15: crystal clock and the counter's ratio to it. 0 where the processor does not say.
uint64_t hertz_of_crystal() {
  if (cpuid(0).eax < 0x15) return 0;
  const Cpuid r = cpuid(0x15);
  return r.eax && r.ebx ? uint64_t{r.ecx} * r.ebx / r.eax : 0;
}

/// Leaf 0x40000010 of several hypervisors: the counter's rate in kHz. 0 where there is none.
uint64_t hertz_by_hypervisor() {
  const bool hypervisor = bit(cpuid(1).ecx, 31);
  if (!hypervisor || cpuid(0x40000000).eax < 0x40000010) return 0;
  return uint64_t{cpuid(0x40000010).eax} * 1000;
}

}  // namespace

CounterRate counter_rate() {
  if (const uint64_t exact = hertz_of_crystal()) return {exact};
  if (const uint64_t told = hertz_by_hypervisor()) return {told};
  // Leaf 0x16: the processor's base frequency, within a few percent of the counter's rate.
  return {cpuid(0).eax < 0x16 ? 0 : uint64_t{cpuid(0x16).eax & 0xffff} * 1'000'000, true};
}

// Firmware leaves AVX off (CR4.OSXSAVE clear), and CPUID shows it all the same. Intel SDM vol. 1 §13 and §15.2.
// Firmware's interrupt handlers save only SSE state and do not touch the rest.
rt::CpuFeatures VectorState::enable() {
  restore();
  // The rounding mode decides the bits of every float; firmware need not have set it on every processor.
  kept_.float_control = read_mxcsr();
  kept_.saved = true;
  write_mxcsr(kMxcsr);
  const uint32_t last_leaf = cpuid(0).eax;
  const Cpuid basic = cpuid(1);
  const bool xsave = bit(basic.ecx, 26), avx = bit(basic.ecx, 28);
  if (last_leaf < 0xd || !xsave || !avx) return {};
  const Cpuid allowed = cpuid(0xd);
  const uint64_t may = uint64_t{allowed.edx} << 32 | allowed.eax;
  if ((may & kXcr0Avx) != kXcr0Avx) return {};

  kept_.control = read_cr4();
  write_cr4(kept_.control | kOsxsave);
  kept_.features = read_xcr0();
  kept_.enabled = true;
  const bool wide = (may & kXcr0Avx512) == kXcr0Avx512;
  write_xcr0(kept_.features | (wide ? kXcr0Avx512 : kXcr0Avx));

  const Cpuid extended = cpuid(7);
  const auto only_if = rt::CpuFeatures::only_if;
  // AVX-512: F, DQ, BW and VL
  const bool avx2 = bit(extended.ebx, 5) && bit(basic.ecx, 29);
  const bool avx512 = wide && bit(extended.ebx, 16) && bit(extended.ebx, 17) && bit(extended.ebx, 30) &&
                      bit(extended.ebx, 31);
  return only_if(avx2, rt::kAvx2) | only_if(avx512 && bit(extended.ecx, 11), rt::kAvx512Vnni) |
         only_if(avx2 && extended.eax >= 1 && bit(cpuid(7, 1).eax, 4), rt::kAvxVnni);
}

void VectorState::restore() {
  if (kept_.saved) write_mxcsr(static_cast<uint32_t>(kept_.float_control));
  kept_.saved = false;
  if (!kept_.enabled) return;
  kept_.enabled = false;
  clear_upper_halves();
  write_xcr0(kept_.features);
  write_cr4(kept_.control);
}

CpuName::CpuName() : text("unknown") {
  if (cpuid(0x80000000).eax < 0x80000004) return;
  for (uint32_t i = 0; i < 3; ++i) {
    const Cpuid part = cpuid(0x80000002 + i);
    rt::copy_bytes(buffer_ + i * 16, &part, 16);
  }
  buffer_[48] = 0;
  text = buffer_;
  while (*text == ' ') ++text;
  for (char* end = buffer_ + 48; end > text && (*end == 0 || *end == ' '); --end) *end = 0;
}

}  // namespace platform
