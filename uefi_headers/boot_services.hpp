#pragma once
#include "uefi_headers/device_path.hpp"
#include "uefi_headers/status.hpp"
#include "uefi_headers/types.hpp"

namespace uefi {

inline constexpr uint64_t kPageSize = 4096;

/// UEFI 2.10 §7.2, EFI_ALLOCATE_TYPE.
enum class AllocateType : uint32_t { any_pages = 0, max_address = 1, address = 2 };

/// UEFI 2.10 §7.2, EFI_MEMORY_TYPE. Firmware may report types from 0x70000000 on that are its own.
enum class MemoryType : uint32_t {
  reserved = 0,
  loader_code = 1,
  loader_data = 2,
  boot_services_code = 3,
  boot_services_data = 4,
  runtime_services_code = 5,
  runtime_services_data = 6,
  conventional = 7,
  unusable = 8,
  acpi_reclaim = 9,
  acpi_nvs = 10,
  memory_mapped_io = 11,
  memory_mapped_io_port_space = 12,
  pal_code = 13,
  persistent = 14,
  unaccepted = 15,
};

/// UEFI 2.10 §7.2, EFI_MEMORY_DESCRIPTOR. An array of them is walked by the stride that
/// get_memory_map reports, which is larger than this struct on real firmware.
struct MemoryDescriptor {
  MemoryType type;
  uint32_t padding;
  PhysicalAddress physical_start;
  VirtualAddress virtual_start;
  uint64_t number_of_pages;  // of kPageSize
  uint64_t attribute;
};
static_assert(offsetof(MemoryDescriptor, physical_start) == 8);
static_assert(offsetof(MemoryDescriptor, number_of_pages) == 24);
static_assert(sizeof(MemoryDescriptor) == 40);

/// UEFI 2.10 §7.1, EFI_BOOT_SERVICES.CreateEvent(): event types, to be added up.
inline constexpr uint32_t kEventTimer = 0x80000000;
inline constexpr uint32_t kEventNotifyWait = 0x00000100;
inline constexpr uint32_t kEventNotifySignal = 0x00000200;

using NotifyFunction = void (*)(Event event, void* context);

/// UEFI 2.10 §7.1, EFI_TIMER_DELAY.
enum class TimerDelay : uint32_t { cancel = 0, periodic = 1, relative = 2 };

/// UEFI 2.10 §7.3, EFI_LOCATE_SEARCH_TYPE.
enum class SearchType : uint32_t { all_handles = 0, by_register_notify = 1, by_protocol = 2 };

/// UEFI 2.10 §7.3, EFI_BOOT_SERVICES.OpenProtocol(): attributes.
inline constexpr uint32_t kOpenByHandleProtocol = 0x00000001;
inline constexpr uint32_t kOpenGetProtocol = 0x00000002;
inline constexpr uint32_t kOpenTestProtocol = 0x00000004;
inline constexpr uint32_t kOpenByDriver = 0x00000010;
inline constexpr uint32_t kOpenExclusive = 0x00000020;

/// UEFI 2.10 §4.4, EFI_BOOT_SERVICES; the functions are those of §7.
struct BootServices {
  static constexpr uint64_t kSignature = 0x56524553544f4f42;  // "BOOTSERV"

  TableHeader header;

  // Task priority services, §7.1.
  Tpl (*raise_tpl)(Tpl new_tpl);  // returns the old one
  void (*restore_tpl)(Tpl old_tpl);

  // Memory services, §7.2.
  Status (*allocate_pages)(AllocateType type, MemoryType memory_type, Uintn pages,
                           PhysicalAddress* memory);
  Status (*free_pages)(PhysicalAddress memory, Uintn pages);
  Status (*get_memory_map)(Uintn* memory_map_size, MemoryDescriptor* memory_map, Uintn* map_key,
                           Uintn* descriptor_size, uint32_t* descriptor_version);
  Status (*allocate_pool)(MemoryType pool_type, Uintn bytes, void** buffer);
  Status (*free_pool)(void* buffer);

  // Event and timer services, §7.1.
  Status (*create_event)(uint32_t type, Tpl notify_tpl, NotifyFunction notify, void* context,
                         Event* event);
  Status (*set_timer)(Event event, TimerDelay type, uint64_t trigger_time_100ns);
  Status (*wait_for_event)(Uintn count, Event* events, Uintn* index);  // at Tpl::application only
  Status (*signal_event)(Event event);
  Status (*close_event)(Event event);
  Status (*check_event)(Event event);  // not_ready: not signalled

  // Protocol handler services, §7.3.
  Unused install_protocol_interface, reinstall_protocol_interface, uninstall_protocol_interface;
  Status (*handle_protocol)(Handle handle, const Guid* protocol, void** interface);
  Unused reserved;
  Unused register_protocol_notify;
  Status (*locate_handle)(SearchType type, const Guid* protocol, void* search_key,
                          Uintn* buffer_bytes, Handle* buffer);
  Status (*locate_device_path)(const Guid* protocol, DevicePathProtocol** device_path,
                               Handle* device);
  Unused install_configuration_table;

  // Image services, §7.4.
  Status (*load_image)(Boolean boot_policy, Handle parent, const DevicePathProtocol* device_path,
                       const void* source_buffer, Uintn source_bytes, Handle* image);
  Status (*start_image)(Handle image, Uintn* exit_data_bytes, Char16** exit_data);
  Status (*exit)(Handle image, Status exit_status, Uintn exit_data_bytes, Char16* exit_data);
  Status (*unload_image)(Handle image);
  Unused exit_boot_services;

  // Miscellaneous services, §7.5.
  Unused get_next_monotonic_count;
  Status (*stall)(Uintn microseconds);
  Status (*set_watchdog_timer)(Uintn timeout_seconds, uint64_t code, Uintn data_bytes,
                               const Char16* data);

  // Driver support services, §7.3.
  Status (*connect_controller)(Handle controller, Handle* drivers,
                               const DevicePathProtocol* remaining, Boolean recursive);
  Unused disconnect_controller;

  // Open and close protocol services, §7.3.
  Status (*open_protocol)(Handle handle, const Guid* protocol, void** interface, Handle agent,
                          Handle controller, uint32_t attributes);
  Status (*close_protocol)(Handle handle, const Guid* protocol, Handle agent, Handle controller);
  Unused open_protocol_information;

  // Library services, §7.3 and §7.5.
  Unused protocols_per_handle;
  Status (*locate_handle_buffer)(SearchType type, const Guid* protocol, void* search_key,
                                 Uintn* count, Handle** buffer);  // ends with free_pool(*buffer)
  Status (*locate_protocol)(const Guid* protocol, void* registration, void** interface);
  Unused install_multiple_protocol_interfaces, uninstall_multiple_protocol_interfaces;
  Unused calculate_crc32;
  Unused copy_mem, set_mem;
  Status (*create_event_ex)(uint32_t type, Tpl notify_tpl, NotifyFunction notify,
                            const void* context, const Guid* group, Event* event);
};
static_assert(offsetof(BootServices, raise_tpl) == 24);
static_assert(offsetof(BootServices, restore_tpl) == 32);
static_assert(offsetof(BootServices, allocate_pages) == 40);
static_assert(offsetof(BootServices, free_pages) == 48);
static_assert(offsetof(BootServices, get_memory_map) == 56);
static_assert(offsetof(BootServices, allocate_pool) == 64);
static_assert(offsetof(BootServices, free_pool) == 72);
static_assert(offsetof(BootServices, create_event) == 80);
static_assert(offsetof(BootServices, set_timer) == 88);
static_assert(offsetof(BootServices, wait_for_event) == 96);
static_assert(offsetof(BootServices, signal_event) == 104);
static_assert(offsetof(BootServices, close_event) == 112);
static_assert(offsetof(BootServices, check_event) == 120);
static_assert(offsetof(BootServices, handle_protocol) == 152);
static_assert(offsetof(BootServices, locate_handle) == 176);
static_assert(offsetof(BootServices, locate_device_path) == 184);
static_assert(offsetof(BootServices, load_image) == 200);
static_assert(offsetof(BootServices, start_image) == 208);
static_assert(offsetof(BootServices, exit) == 216);
static_assert(offsetof(BootServices, unload_image) == 224);
static_assert(offsetof(BootServices, stall) == 248);
static_assert(offsetof(BootServices, set_watchdog_timer) == 256);
static_assert(offsetof(BootServices, connect_controller) == 264);
static_assert(offsetof(BootServices, open_protocol) == 280);
static_assert(offsetof(BootServices, close_protocol) == 288);
static_assert(offsetof(BootServices, locate_handle_buffer) == 312);
static_assert(offsetof(BootServices, locate_protocol) == 320);
static_assert(offsetof(BootServices, create_event_ex) == 368);
static_assert(sizeof(BootServices) == 376);

}  // namespace uefi
