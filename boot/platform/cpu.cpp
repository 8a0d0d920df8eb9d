#include "boot/platform/cpu.hpp"

#include "model/kernels/kernels.hpp"
#include "rt/memory.hpp"

namespace boot {
namespace {

struct Cpuid {
  uint32_t a, b, c, d;
};

Cpuid cpuid(uint32_t leaf, uint32_t subleaf = 0) {
  Cpuid r{leaf, 0, subleaf, 0};
  asm volatile("cpuid" : "+a"(r.a), "=b"(r.b), "+c"(r.c), "=d"(r.d));
  return r;
}

bool bit(uint32_t word, int n) { return word >> n & 1; }

uint64_t read_cr4() {
  uint64_t value;
  asm volatile("mov %%cr4, %0" : "=r"(value));
  return value;
}

void write_cr4(uint64_t value) { asm volatile("mov %0, %%cr4" : : "r"(value) : "memory"); }

uint64_t read_xcr0() {
  uint32_t low, high;
  asm volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return uint64_t{high} << 32 | low;
}

void write_xcr0(uint64_t value) {
  asm volatile("xsetbv" : : "c"(0), "a"(uint32_t(value)), "d"(uint32_t(value >> 32)) : "memory");
}

constexpr uint64_t kOsxsave = 1 << 18;           // CR4
constexpr uint64_t kXcr0Avx = 7;                 // x87, SSE, AVX
constexpr uint64_t kXcr0Avx512 = kXcr0Avx | 0xe0;  // opmask, upper halves, upper registers

}  // namespace

uint32_t VectorState::enable() {
  const uint32_t last_leaf = cpuid(0).a;
  const Cpuid basic = cpuid(1);
  const bool xsave = bit(basic.c, 26), avx = bit(basic.c, 28);
  if (last_leaf < 0xd || !xsave || !avx) return model::kNoFeature;
  const Cpuid allowed = cpuid(0xd);
  const uint64_t may = uint64_t{allowed.d} << 32 | allowed.a;
  if ((may & kXcr0Avx) != kXcr0Avx) return model::kNoFeature;

  cr4_ = read_cr4();
  write_cr4(cr4_ | kOsxsave);
  xcr0_ = read_xcr0();
  enabled_ = true;
  const bool wide = (may & kXcr0Avx512) == kXcr0Avx512;
  write_xcr0(xcr0_ | (wide ? kXcr0Avx512 : kXcr0Avx));

  const Cpuid extended = cpuid(7);
  uint32_t features = model::kNoFeature;
  if (bit(extended.b, 5)) features |= model::kAvx2;
  // F, DQ, BW and VL
  if (wide && bit(extended.b, 16) && bit(extended.b, 17) && bit(extended.b, 30) && bit(extended.b, 31))
    features |= model::kAvx512 | (bit(extended.c, 11) ? model::kVnni : 0u);
  return features;
}

void VectorState::restore() {
  if (!enabled_) return;
  enabled_ = false;
  asm volatile("vzeroupper");
  write_xcr0(xcr0_);
  write_cr4(cr4_);
}

CpuName::CpuName() : text("unknown") {
  if (cpuid(0x80000000).a < 0x80000004) return;
  for (uint32_t i = 0; i < 3; ++i) {
    const Cpuid part = cpuid(0x80000002 + i);
    rt::copy_bytes(buffer_ + i * 16, &part, 16);
  }
  buffer_[48] = 0;
  text = buffer_;
  while (*text == ' ') ++text;
  for (char* end = buffer_ + 48; end > text && (*end == 0 || *end == ' '); --end) *end = 0;
}

}  // namespace boot
