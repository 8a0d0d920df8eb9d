#pragma once
#include <stdint.h>

#include "rt/span.hpp"
#include "uefi_headers/system_table.hpp"

namespace platform {

/// What firmware's tables say of a machine's processors and of how PSCI is called.
struct Cores {
  static constexpr uint32_t kMost = 64;

  enum class Conduit : uint8_t { none, hvc, smc };
  Conduit conduit = Conduit::none;
  uint32_t count = 0;
  uint64_t ids[kMost] = {};  // the affinity fields of MPIDR_EL1, each once

  void add(uint64_t id);
};

/// From ACPI: the FADT has the conduit, the MADT the processors. ACPI 6.5 §5.2.9.4, §5.2.12.14.
Cores cores_of_acpi(const uefi::SystemTable& system);

/// From the flattened device tree: /psci and /cpus. Devicetree Specification 0.4 §3.8, §5. What does not look like one
/// has no cores.
Cores cores_of_device_tree(rt::Span<const uint8_t> tree);
/// The same for the one that firmware has put into its table.
Cores cores_of_device_tree(const uefi::SystemTable& system);

}  // namespace platform
