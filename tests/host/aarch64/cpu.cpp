#include "tests/host/cpu.hpp"

#include <csetjmp>
#include <csignal>

#include "rt/aarch64/features.hpp"

namespace {

sigjmp_buf back;

void on_unknown_instruction(int) { siglongjmp(back, 1); }

// Tried out, because Linux and macOS tell it in different ways.
bool has_dot_product() {
  struct sigaction ours = {}, before = {};
  ours.sa_handler = on_unknown_instruction;
  sigaction(SIGILL, &ours, &before);
  const bool known = !sigsetjmp(back, 1);
  if (known) asm volatile(".inst 0x6e809400" : : : "v0");  // udot v0.4s, v0.16b, v0.16b
  sigaction(SIGILL, &before, nullptr);
  return known;
}

}  // namespace

rt::CpuFeatures test::cpu_features() {
  static const bool dot_product = has_dot_product();
  return rt::CpuFeatures::only_if(dot_product, rt::kDotProduct);
}
