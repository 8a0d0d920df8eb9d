#pragma once
#include "uefi_headers/status.hpp"
#include "uefi_headers/types.hpp"

namespace uefi {

/// UEFI 2.10 §8.3, EFI_TIME_CAPABILITIES.
struct TimeCapabilities {
  uint32_t resolution;  // counts per second
  uint32_t accuracy;    // error rate, 1e-6 parts per million
  Boolean sets_to_zero;
};
static_assert(sizeof(TimeCapabilities) == 12);

/// UEFI 2.10 §8.5.1, EFI_RESET_TYPE.
enum class ResetType : uint32_t { cold = 0, warm = 1, shutdown = 2, platform_specific = 3 };

/// UEFI 2.10 §8.2: attributes of variables.
inline constexpr uint32_t kVariableNonVolatile = 0x00000001;
inline constexpr uint32_t kVariableBootServiceAccess = 0x00000002;
inline constexpr uint32_t kVariableRuntimeAccess = 0x00000004;

/// UEFI 2.10 §3.3, EFI_GLOBAL_VARIABLE: the vendor of Boot####, SecureBoot and the like.
inline constexpr Guid kGlobalVariable = guid("8be4df61-93ca-11d2-aa0d-00e098032b8c");

/// UEFI 2.10 §4.5, EFI_RUNTIME_SERVICES; the functions are those of §8.
struct RuntimeServices {
  static constexpr uint64_t kSignature = 0x56524553544e5552;  // "RUNTSERV"

  TableHeader header;

  // Time services, §8.3.
  Status (*get_time)(Time* time, TimeCapabilities* capabilities);
  Unused set_time, get_wakeup_time, set_wakeup_time;

  // Virtual memory services, §8.4.
  Unused set_virtual_address_map, convert_pointer;

  // Variable services, §8.2.
  Status (*get_variable)(const Char16* name, const Guid* vendor, uint32_t* attributes, Uintn* bytes,
                         void* data);
  Unused get_next_variable_name;
  Status (*set_variable)(const Char16* name, const Guid* vendor, uint32_t attributes, Uintn bytes,
                         const void* data);

  // Miscellaneous services, §8.5.
  Unused get_next_high_monotonic_count;
  void (*reset_system)(ResetType type, Status status, Uintn data_bytes, const void* data);

  // UEFI 2.0 capsule services and variable information, §8.5.3 and §8.2.
  Unused update_capsule, query_capsule_capabilities;
  Unused query_variable_info;
};
static_assert(offsetof(RuntimeServices, get_time) == 24);
static_assert(offsetof(RuntimeServices, get_variable) == 72);
static_assert(offsetof(RuntimeServices, set_variable) == 88);
static_assert(offsetof(RuntimeServices, reset_system) == 104);
static_assert(sizeof(RuntimeServices) == 136);

}  // namespace uefi
