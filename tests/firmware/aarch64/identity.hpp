#pragma once
#include <stdint.h>

namespace test {

/// What the fake processor says of itself.
struct Identity {
  uint64_t midr, isar0, cntfrq;

  /// No more than the host's processor can.
  static Identity of_host();
};
extern Identity g_identity;

}  // namespace test
