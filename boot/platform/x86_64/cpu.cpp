#include "boot/platform/cpu.hpp"

#include "boot/platform/instructions.hpp"
#include "rt/memory.hpp"

namespace platform {
namespace {

bool bit(uint32_t word, int n) { return word >> n & 1; }

constexpr uint64_t kOsxsave = 1 << 18;           // CR4
constexpr uint32_t kMxcsr = 0x1f80;              // UEFI 2.10 §2.3.4: to nearest, all masked, no flush to zero
constexpr uint64_t kXcr0Avx = 7;                 // x87, SSE, AVX
constexpr uint64_t kXcr0Avx512 = kXcr0Avx | 0xe0;  // opmask, upper halves, upper registers

}  // namespace

rt::CpuFeatures VectorState::enable() {
  restore();
  // The rounding mode decides the bits of every float; firmware need not have set it on every processor.
  mxcsr_ = read_mxcsr();
  saved_ = true;
  write_mxcsr(kMxcsr);
  const uint32_t last_leaf = cpuid(0).eax;
  const Cpuid basic = cpuid(1);
  const bool xsave = bit(basic.ecx, 26), avx = bit(basic.ecx, 28);
  if (last_leaf < 0xd || !xsave || !avx) return {};
  const Cpuid allowed = cpuid(0xd);
  const uint64_t may = uint64_t{allowed.edx} << 32 | allowed.eax;
  if ((may & kXcr0Avx) != kXcr0Avx) return {};

  cr4_ = read_cr4();
  write_cr4(cr4_ | kOsxsave);
  xcr0_ = read_xcr0();
  enabled_ = true;
  const bool wide = (may & kXcr0Avx512) == kXcr0Avx512;
  write_xcr0(xcr0_ | (wide ? kXcr0Avx512 : kXcr0Avx));

  const Cpuid extended = cpuid(7);
  rt::CpuFeatures features{.avx2 = bit(extended.ebx, 5) && bit(basic.ecx, 29)};
  // F, DQ, BW and VL
  features.avx512 = wide && bit(extended.ebx, 16) && bit(extended.ebx, 17) && bit(extended.ebx, 30) &&
                    bit(extended.ebx, 31);
  features.avx512_vnni = features.avx512 && bit(extended.ecx, 11);
  features.avx_vnni = features.avx2 && extended.eax >= 1 && bit(cpuid(7, 1).eax, 4);
  return features;
}

void VectorState::restore() {
  if (saved_) write_mxcsr(mxcsr_);
  saved_ = false;
  if (!enabled_) return;
  enabled_ = false;
  clear_upper_halves();
  write_xcr0(xcr0_);
  write_cr4(cr4_);
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
