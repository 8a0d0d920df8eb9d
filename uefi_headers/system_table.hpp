#pragma once
#include "uefi_headers/boot_services.hpp"
#include "uefi_headers/runtime_services.hpp"
#include "uefi_headers/simple_text_input.hpp"
#include "uefi_headers/simple_text_output.hpp"
#include "uefi_headers/types.hpp"

namespace uefi {

/// UEFI 2.10 §4.6, EFI_CONFIGURATION_TABLE: where ACPI, SMBIOS and the like are found.
struct ConfigurationTable {
  Guid vendor_guid;
  void* vendor_table;
};
static_assert(offsetof(ConfigurationTable, vendor_table) == 16);
static_assert(sizeof(ConfigurationTable) == 24);

/// UEFI 2.10 §4.3, EFI_SYSTEM_TABLE.
struct SystemTable {
  static constexpr uint64_t kSignature = 0x5453595320494249;  // "IBI SYST"

  TableHeader header;
  const Char16* firmware_vendor;
  uint32_t firmware_revision;
  Handle console_in_handle;
  SimpleTextInput* con_in;
  Handle console_out_handle;
  SimpleTextOutput* con_out;
  Handle standard_error_handle;
  SimpleTextOutput* std_err;
  RuntimeServices* runtime_services;
  BootServices* boot_services;
  Uintn number_of_table_entries;
  ConfigurationTable* configuration_table;
};
static_assert(offsetof(SystemTable, firmware_vendor) == 24);
static_assert(offsetof(SystemTable, firmware_revision) == 32);
static_assert(offsetof(SystemTable, console_in_handle) == 40);
static_assert(offsetof(SystemTable, con_in) == 48);
static_assert(offsetof(SystemTable, console_out_handle) == 56);
static_assert(offsetof(SystemTable, con_out) == 64);
static_assert(offsetof(SystemTable, standard_error_handle) == 72);
static_assert(offsetof(SystemTable, std_err) == 80);
static_assert(offsetof(SystemTable, runtime_services) == 88);
static_assert(offsetof(SystemTable, boot_services) == 96);
static_assert(offsetof(SystemTable, number_of_table_entries) == 104);
static_assert(offsetof(SystemTable, configuration_table) == 112);
static_assert(sizeof(SystemTable) == 120);

}  // namespace uefi
