// boot/platform/aarch64/start.S itself, on a processor whose exception level and control registers are ours: instructions
// that only a system may use fault here, and are done by hand.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/ucontext.h>

#include <string>

#include "uefi_headers/status.hpp"

namespace {

constexpr uint64_t kE2h = uint64_t{1} << 34;                    // HCR_EL2
constexpr uint64_t kFpen = 3 << 20, kTfp = 1 << 10;             // CPACR_EL1, CPTR_EL2
constexpr uint64_t kUpwards = 1 << 22, kFlushToZero = 1 << 24;  // FPCR
constexpr uint64_t kOther = 1 << 28;                            // what the program may change besides

uint64_t read_fpcr() {
  uint64_t value;
  asm volatile("mrs %0, fpcr" : "=r"(value));
  return value;
}
void write_fpcr(uint64_t value) { asm volatile("msr fpcr, %0" : : "r"(value) : "memory"); }

/// A register of systems, as bits 5 to 19 of an instruction have it.
constexpr uint32_t number(uint32_t op1, uint32_t crn, uint32_t crm, uint32_t op2) {
  return 1 << 14 | op1 << 11 | crn << 7 | crm << 3 | op2;
}

struct Processor {
  uint64_t level, hcr, cptr, cpacr;

  /// At level 2 in host mode, CPACR_EL1 is CPTR_EL2 by another name, with the fields of the former.
  bool by_cptr() const { return level == 2 && !(hcr & kE2h); }
  bool floats_are_on() const { return by_cptr() ? !(cptr & kTfp) : (cpacr & kFpen) == kFpen; }
  bool operator==(const Processor&) const = default;
};
Processor g_processor;
uint64_t g_fpcr;  // what the program was entered with
std::string g_fault;

struct Seen {
  void* first = nullptr;
  void* second = nullptr;
  Processor processor{};
  uint64_t stack = 0, fpcr = 0;
} g_seen;

uint64_t* control(uint32_t instruction) {
  switch (instruction >> 5 & 0x7fff) {
    case number(4, 1, 1, 0): return g_processor.level == 2 ? &g_processor.hcr : nullptr;
    case number(4, 1, 1, 2): return g_processor.level == 2 ? &g_processor.cptr : nullptr;
    case number(0, 1, 0, 2): return &g_processor.cpacr;
  }
  return nullptr;
}

/// In place of an instruction for systems only: MRS and MSR of those registers.
void privileged(int, siginfo_t*, void* context) {
  auto& state = static_cast<ucontext_t*>(context)->uc_mcontext;
  const uint32_t instruction = *reinterpret_cast<const uint32_t*>(state.pc);
  static constexpr uint32_t kMove = 0xfff00000, kRead = 0xd5300000, kWrite = 0xd5100000;
  const bool reads = (instruction & kMove) == kRead, writes = (instruction & kMove) == kWrite;
  uint64_t level = g_processor.level << 2;
  uint64_t* const found = (instruction >> 5 & 0x7fff) == number(0, 4, 2, 2) && reads ? &level : control(instruction);
  if ((!reads && !writes) || !found) {
    signal(SIGILL, SIG_DFL);  // a fault of another kind, or of a register that this level does not have
    return;
  }
  if (!g_processor.floats_are_on() && read_fpcr() != g_fpcr) g_fault = "FPCR was changed while floats are off";
  const uint32_t general = instruction & 31;
  if (reads) state.regs[general] = *found;  // 31 is not used
  else *found = state.regs[general];
  state.pc += 4;
}

/// Keeps what the program sees, and changes what it may change.
#define PLAIN __attribute__((no_sanitize("address", "undefined"), noinline))
PLAIN void look(void* first, void* second, const void* frame) {
  g_seen = {first, second, g_processor, reinterpret_cast<uint64_t>(frame), read_fpcr()};
  write_fpcr(kUpwards);
  (g_processor.by_cptr() ? g_processor.cptr : g_processor.cpacr) |= kOther;
}

using Entry = uefi::Status(void*, void*);
extern "C" Entry test_efi_start, test_other_processor;
extern "C" PLAIN uefi::Status test_efi_main(void* image, void* system) {
  look(image, system, __builtin_frame_address(0));
  return uefi::Status::load_error;
}
extern "C" PLAIN uefi::Status test_other_processor_body(void* argument, void* second) {
  look(argument, second, __builtin_frame_address(0));
  return uefi::Status::aborted;
}

/// Calls it with known values in the registers that are the caller's to keep; says whether they were kept.
PLAIN bool keeps_registers(Entry* entry, void* first, void* second, uefi::Status& status) {
  register void* x0 asm("x0") = first;
  register void* x1 asm("x1") = second;
  register Entry* x8 asm("x8") = entry;
  uint64_t kept;
  asm volatile(
      "mov x19, #19\n\tmov x20, #20\n\tmov x21, #21\n\tmov x22, #22\n\tblr x8\n\t"
      "sub x19, x19, #19\n\tsub x20, x20, #20\n\tsub x21, x21, #21\n\tsub x22, x22, #22\n\t"
      "orr x19, x19, x20\n\torr x21, x21, x22\n\torr %0, x19, x21"
      : "=r"(kept), "+r"(x0), "+r"(x1), "+r"(x8)
      :
      : "x2", "x3", "x4", "x5", "x6", "x7", "x9", "x10", "x11", "x12", "x13", "x14", "x15", "x16", "x17", "x19", "x20",
        "x21", "x22", "x30", "cc", "memory", "v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7", "v16", "v17", "v18", "v19");
  status = static_cast<uefi::Status>(reinterpret_cast<uint64_t>(x0));
  return kept == 0;
}

uefi::Status start(Entry* entry, const Processor& processor, uint64_t fpcr, void* first, void* second) {
  g_processor = processor;
  g_fpcr = fpcr;
  g_fault.clear();
  struct sigaction action{}, before{};
  action.sa_sigaction = privileged;
  action.sa_flags = SA_SIGINFO;
  sigaction(SIGILL, &action, &before);
  const uint64_t own = read_fpcr();
  write_fpcr(fpcr);
  uefi::Status status{};
  const bool kept = keeps_registers(entry, first, second, status);
  EXPECT_EQ(read_fpcr(), fpcr) << "FPCR was not put back";
  write_fpcr(own);
  sigaction(SIGILL, &before, nullptr);
  EXPECT_TRUE(kept) << "a register that is the caller's was changed";
  return status;
}

TEST(Start, BeginsWithFloatsAndGivesBackWhatItChanged) {
  int image = 0, system = 0;
  const struct {
    Entry* entry;
    uefi::Status status;
  } kEntries[] = {{test_efi_start, uefi::Status::load_error}, {test_other_processor, uefi::Status::aborted}};
  const Processor kProcessors[] = {
      {1, 0, 0, 0},    {1, 0, 0, kFpen},         {1, 0, 0, 1 << 20 | kOther},  // level 1, where there is no other
      {2, 0, kTfp, 0}, {2, 0, 0x33ff, 0},        {2, 0, 0x33ff | kTfp, 0},     // level 2
      {2, kE2h, 0, 0}, {2, kE2h, kTfp, 1 << 16}, {2, kE2h, 0, kFpen},          // in host mode
  };
  for (const auto& [entry, status] : kEntries)
    for (const Processor& processor : kProcessors)
      for (const uint64_t fpcr : {uint64_t{0}, kUpwards, kFlushToZero | 3 * kUpwards}) {
        EXPECT_EQ(start(entry, processor, fpcr, &image, &system), status);
        EXPECT_EQ(g_fault, "");
        EXPECT_EQ(g_seen.first, &image);
        EXPECT_EQ(g_seen.second, &system);
        EXPECT_TRUE(g_seen.processor.floats_are_on());
        Processor wanted = processor;  // nothing else
        if (processor.by_cptr()) wanted.cptr &= ~kTfp;
        else wanted.cpacr |= kFpen;
        EXPECT_EQ(g_seen.processor, wanted);
        EXPECT_EQ(g_seen.fpcr, 0u);
        EXPECT_EQ(g_seen.stack % 16, 0u) << "the stack is not aligned";
        EXPECT_EQ(g_processor, processor) << "a control register was not put back";
      }
}

}  // namespace
