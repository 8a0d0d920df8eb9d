#pragma once
#include "uefi_headers/status.hpp"
#include "uefi_headers/types.hpp"

namespace uefi {

/// PI 1.7 vol. 2 §13.4.3, EFI_PROCESSOR_INFORMATION.StatusFlag.
inline constexpr uint32_t kProcessorIsBsp = 0x00000001;
inline constexpr uint32_t kProcessorEnabled = 0x00000002;
inline constexpr uint32_t kProcessorHealthy = 0x00000004;

/// Or-ed to the processor number that is asked for: fill in `extended`, too.
inline constexpr Uintn kProcessorExtendedTopology = 1u << 24;

/// PI 1.7 vol. 2 §13.4.3, EFI_CPU_PHYSICAL_LOCATION. All from 0.
struct ProcessorLocation {
  uint32_t package, core, thread;
};

/// PI 1.7 vol. 2 §13.4.3, EFI_CPU_PHYSICAL_LOCATION2.
struct ProcessorLocation2 {
  uint32_t package, module, tile, die, core, thread;
};

/// PI 1.7 vol. 2 §13.4.3, EFI_PROCESSOR_INFORMATION.
struct ProcessorInformation {
  uint64_t processor_id;  // x86: the local APIC id
  uint32_t status_flag;
  ProcessorLocation location;
  ProcessorLocation2 extended;
};
static_assert(offsetof(ProcessorInformation, status_flag) == 8);
static_assert(offsetof(ProcessorInformation, location) == 12);
static_assert(offsetof(ProcessorInformation, extended) == 24);
static_assert(sizeof(ProcessorInformation) == 48);

/// Runs on an application processor: no boot service, no runtime service, no protocol from here.
using ApProcedure = void (*)(void* argument);

/// PI 1.7 vol. 2 §13.4, EFI_MP_SERVICES_PROTOCOL. Every function but who_am_i: from the boot
/// processor only.
struct MpServices {
  static constexpr Guid kGuid = guid("3fdda605-a76e-4f46-ad29-12f4531b3d08");

  Status (*get_number_of_processors)(MpServices* self, Uintn* processors, Uintn* enabled);
  Status (*get_processor_info)(MpServices* self, Uintn processor,
                               ProcessorInformation* information);
  /// With a null event the call blocks until every processor returned. Timeout 0: none.
  Status (*startup_all_aps)(MpServices* self, ApProcedure procedure, Boolean one_at_a_time,
                            Event wait_event, Uintn timeout_microseconds, void* argument,
                            Uintn** failed_processors);
  Status (*startup_this_ap)(MpServices* self, ApProcedure procedure, Uintn processor,
                            Event wait_event, Uintn timeout_microseconds, void* argument,
                            Boolean* finished);
  Unused switch_bsp;
  Unused enable_disable_ap;
  Status (*who_am_i)(MpServices* self, Uintn* processor);
};
static_assert(offsetof(MpServices, get_number_of_processors) == 0);
static_assert(offsetof(MpServices, get_processor_info) == 8);
static_assert(offsetof(MpServices, startup_all_aps) == 16);
static_assert(offsetof(MpServices, startup_this_ap) == 24);
static_assert(offsetof(MpServices, who_am_i) == 48);
static_assert(sizeof(MpServices) == 56);

}  // namespace uefi
