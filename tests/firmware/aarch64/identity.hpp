#pragma once
#include <stdint.h>

namespace test {

/// What the fake processor says of itself.
struct Identity {
  uint64_t midr, isar0, cntfrq;
};
extern Identity g_identity;

}  // namespace test
