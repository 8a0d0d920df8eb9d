// boot/platform/x86_64/start.S itself, one instruction at a time, on a processor whose control registers are ours:
// instructions that only a system may use fault here, and are done by hand; SSE is refused while it is off.
#include <gtest/gtest.h>
#include <immintrin.h>
#include <signal.h>
#include <sys/ucontext.h>

#include <cstring>

#include "uefi_headers/status.hpp"

namespace {

constexpr uint64_t kMp = 1 << 1, kEm = 1 << 2, kTs = 1 << 3, kOsfxsr = 1 << 9, kOsxmmexcpt = 1 << 10;
constexpr uint32_t kMxcsr = 0x1f80;
constexpr uint64_t kStep = 1 << 8;  // RFLAGS.TF

uint64_t g_cr0, g_cr4;
std::string g_fault;
int g_steps = 0;

struct Seen {
  void* image = nullptr;
  void* system = nullptr;
  uint64_t cr0 = 0, cr4 = 0, stack = 0;
  uint32_t mxcsr = 0;
} g_seen;

bool sse_is_on() { return !(g_cr0 & (kEm | kTs)) && g_cr4 & kOsfxsr; }

/// Before each instruction.
void look_at(const uint8_t* code) {
  const bool mxcsr = code[0] == 0x0f && code[1] == 0xae && ((code[2] >> 3 & 7) == 2 || (code[2] >> 3 & 7) == 3);
  if (mxcsr && !sse_is_on()) g_fault = "MXCSR is touched while SSE is off";
  ++g_steps;
}

void step(int, siginfo_t*, void* context) {
  look_at(reinterpret_cast<const uint8_t*>(static_cast<ucontext_t*>(context)->uc_mcontext.gregs[REG_RIP]));
}

/// In place of an instruction for systems only: MOV to and from control registers.
void privileged(int, siginfo_t*, void* context) {
  static constexpr int kOrder[] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI};
  auto& registers = static_cast<ucontext_t*>(context)->uc_mcontext.gregs;
  const auto* code = reinterpret_cast<const uint8_t*>(registers[REG_RIP]);
  const int number = code[2] >> 3 & 7;
  if (code[0] != 0x0f || (code[1] != 0x20 && code[1] != 0x22) || (number != 0 && number != 4)) {
    signal(SIGSEGV, SIG_DFL);  // a fault of another kind
    return;
  }
  uint64_t& control = number ? g_cr4 : g_cr0;
  auto& general = registers[kOrder[code[2] & 7]];
  if (code[1] == 0x20) general = static_cast<greg_t>(control);
  else control = static_cast<uint64_t>(general);
  registers[REG_RIP] += 3;
  look_at(code + 3);  // nothing traps between an instruction that faulted and the next one
}

extern "C" [[gnu::ms_abi]] uefi::Status test_efi_start(void* image, void* system);
extern "C" __attribute__((ms_abi, no_sanitize("address", "undefined"), noinline)) uefi::Status test_efi_main(
    void* image, void* system) {
  auto* const frame = static_cast<uint64_t*>(__builtin_frame_address(0));
  for (int i = 2; i < 6; ++i) const_cast<volatile uint64_t*>(frame)[i] = ~uint64_t{0};  // 32 bytes that are ours
  g_seen = {image, system, g_cr0, g_cr4, reinterpret_cast<uint64_t>(frame), _mm_getcsr()};
  _mm_setcsr(0x3f80);
  g_cr4 |= 1 << 18;  // it may change them, too
  return uefi::Status::load_error;
}

struct sigaction take(int signal, void (*handler)(int, siginfo_t*, void*)) {
  struct sigaction action{}, before{};
  action.sa_sigaction = handler;
  action.sa_flags = SA_SIGINFO | SA_NODEFER;
  sigaction(signal, &action, &before);
  return before;
}

uefi::Status start(uint64_t cr0, uint64_t cr4, uint32_t mxcsr, void* image, void* system) {
  g_cr0 = cr0;
  g_cr4 = cr4;
  g_fault.clear();
  g_steps = 0;
  const struct sigaction trap = take(SIGTRAP, step), fault = take(SIGSEGV, privileged);
  const uint32_t before = _mm_getcsr();
  _mm_setcsr(mxcsr);
  asm volatile("pushfq; orq %0, (%%rsp); popfq" : : "i"(kStep) : "memory", "cc");
  const uefi::Status status = test_efi_start(image, system);
  asm volatile("pushfq; andq %0, (%%rsp); popfq" : : "i"(~kStep) : "memory", "cc");
  EXPECT_EQ(_mm_getcsr(), mxcsr) << "MXCSR was not put back";
  _mm_setcsr(before);
  sigaction(SIGTRAP, &trap, nullptr);
  sigaction(SIGSEGV, &fault, nullptr);
  return status;
}

TEST(Start, BeginsWithSseAndGivesBackWhatItChanged) {
  int image = 0, system = 0;
  for (const uint64_t cr0 : {uint64_t{0x80010033}, 0x80010033 & ~kMp, 0x80010033 | kEm, 0x80010033 | kTs, uint64_t{1}})
    for (const uint64_t cr4 : {uint64_t{0x668}, uint64_t{0x68}, 0x68 | kOsfxsr, 0x68 | kOsxmmexcpt, uint64_t{0}})
      for (const uint32_t mxcsr : {0x1f80u, 0x9fc0u, 0x7f80u}) {
        EXPECT_EQ(start(cr0, cr4, mxcsr, &image, &system), uefi::Status::load_error);
        EXPECT_EQ(g_fault, "");
        EXPECT_GT(g_steps, 20);
        EXPECT_EQ(g_seen.image, &image);
        EXPECT_EQ(g_seen.system, &system);
        EXPECT_EQ(g_seen.cr0, (cr0 & ~(kEm | kTs)) | kMp);
        EXPECT_EQ(g_seen.cr4, cr4 | kOsfxsr | kOsxmmexcpt);
        EXPECT_EQ(g_seen.mxcsr, kMxcsr);
        EXPECT_EQ(g_seen.stack % 16, 0u) << "the stack is not aligned";
        EXPECT_EQ(g_cr0, cr0) << "CR0 was not put back";
        EXPECT_EQ(g_cr4, cr4) << "CR4 was not put back";
      }
}

}  // namespace
