// The instructions of boot/platform/x86_64/instructions.hpp, for a program in an operating system: linked
// in place of the real ones.
#include "boot/platform/x86_64/instructions.hpp"

#include <cpuid.h>
#include <immintrin.h>

#include <string>

#include "rt/x86_64/features.hpp"
#include "tests/firmware/fake_processors.hpp"
#include "tests/firmware/x86_64/registers.hpp"
#include "tests/host/cpu.hpp"

namespace {

constexpr uint64_t kOsxsave = 1 << 18;
constexpr uint64_t kWide = 0xe0, kAllowed = 7 | kWide;  // XCR0: AVX-512; what this processor has
constexpr uint64_t kCr4 = 0x668, kXcr0 = 1;  // as OVMF leaves them

struct Registers {
  uint64_t cr4 = kCr4, xcr0 = kXcr0;
  bool upper = false;  // there may be something in the upper halves of vector registers
  std::string fault;   // an instruction that a real processor would have refused, or that makes it slow
};
thread_local Registers g_registers;

constexpr uint32_t kSticky = 0x3f;  // MXCSR: what has happened
constexpr uint32_t kWild = 0x0f80;  // an inexact result faults

}  // namespace

std::map<std::pair<uint32_t, uint32_t>, platform::Cpuid> test::g_cpuid;

namespace test::fake_registers {

void reset() { g_registers = {}; }

uint64_t set_wild_floats() {
  const uint64_t before = _mm_getcsr();
  _mm_setcsr(kWild);  // whoever computes without setting it first is killed: no result is exact enough
  return before;
}
bool floats_are_wild() { return (_mm_getcsr() & ~kSticky) == kWild; }
void set_floats(uint64_t control) { _mm_setcsr(static_cast<uint32_t>(control)); }

std::string complaint() {
  if (!g_registers.fault.empty()) return g_registers.fault;
  if (g_registers.cr4 != kCr4) return "CR4 was not put back";
  if (g_registers.xcr0 != kXcr0) return "XCR0 was not put back";
  return {};
}
}  // namespace test::fake_registers

namespace platform {

Cpuid cpuid(uint32_t leaf, uint32_t subleaf) {
  if (!test::g_cpuid.empty()) return test::g_cpuid[{leaf, subleaf}];
  Cpuid r{};
  __cpuid_count(leaf, subleaf, r.eax, r.ebx, r.ecx, r.edx);
  if (leaf == 0) r.eax = r.eax < 0x14 ? r.eax : 0x14;  // the time is this file's, not the host's
  if (leaf == 1) r.ecx &= ~(1u << 31);
  if (leaf == 0xd && subleaf == 0) r.eax |= kAllowed;  // state that nothing uses costs nothing
  if (leaf == 7) {  // what the host's system does not allow is not there
    const rt::CpuFeatures features = test::cpu_features();
    if (!features.cover(rt::kAvx2)) r.ebx &= ~(1u << 5);
    if (!features.cover(rt::kAvxVnni)) r.eax &= subleaf == 1 ? ~(1u << 4) : ~0u;
    if (!features.cover(rt::kAvx512Vnni)) r.ebx &= ~(1u << 16);
  }
  return r;
}

uint64_t read_cr4() { return g_registers.cr4; }
void write_cr4(uint64_t value) { g_registers.cr4 = value; }

uint64_t read_xcr0() {
  if (!(g_registers.cr4 & kOsxsave)) g_registers.fault = "XGETBV without CR4.OSXSAVE";
  return g_registers.xcr0;
}

void write_xcr0(uint64_t value) {
  if (!(g_registers.cr4 & kOsxsave)) g_registers.fault = "XSETBV without CR4.OSXSAVE";
  // Intel SDM vol. 2, XSETBV.
  const uint64_t wide = value & kWide;
  if (!(value & 1) || value & ~kAllowed || (value & 4 && !(value & 2)) || (wide && (wide != kWide || !(value & 4))))
    g_registers.fault = "XSETBV of a value that does not exist";
  if (!(value & 4) && g_registers.upper) g_registers.fault = "AVX is switched off with upper halves in use";
  g_registers.upper = value & 4;
  g_registers.xcr0 = value;
}

void clear_upper_halves() {
  if ((g_registers.xcr0 & 6) != 6) g_registers.fault = "VZEROUPPER without AVX";
  g_registers.upper = false;
}

uint32_t read_mxcsr() { return _mm_getcsr(); }
void write_mxcsr(uint32_t value) { _mm_setcsr(value); }

}  // namespace platform
