// The instructions of boot/platform/aarch64/instructions.hpp, for a program in an operating system: linked in place of
// the real ones.
#include "boot/platform/aarch64/instructions.hpp"

#include <string>

#include "boot/platform/starter.hpp"
#include "rt/aarch64/features.hpp"
#include "tests/firmware/aarch64/identity.hpp"
#include "tests/firmware/fake_processors.hpp"
#include "tests/host/cpu.hpp"

namespace {

constexpr uint64_t kNeoverseN1 = 0x410fd0c1;

}  // namespace

namespace test {

// No more than the host's processor can; and no rate of the counter: the time is the fake's.
Identity g_identity = {kNeoverseN1, uint64_t{cpu_features().cover(rt::kDotProduct)} << 44, 0};

namespace fake_registers {

// No C++ code touches any: start.S sets how floats round, on every processor, and start_test.cpp tests that.
void reset() {}
uint64_t set_wild_floats() { return 0; }
bool floats_are_wild() { return true; }
void set_floats(uint64_t) {}
std::string complaint() { return {}; }

}  // namespace fake_registers
}  // namespace test

namespace platform {

uint64_t read_id_aa64isar0() { return test::g_identity.isar0; }
uint64_t read_midr() { return test::g_identity.midr; }
uint64_t read_cntfrq() { return test::g_identity.cntfrq; }

// Firmware's tables name no other processors, so PSCI is never called (psci_test.cpp has a machine that is).
uint64_t own_id() { return 0; }
int64_t psci_call(uint32_t, uint64_t, uint64_t, uint64_t, bool) { return -1; }
Translation own_translation() { return {}; }
uint64_t psci_entry() { return 0; }
void clean_to_memory(const void*, uint64_t) {}
void clean_entry() {}

}  // namespace platform

void other_processor(void* argument) { other_processor_body(argument); }
