#pragma once
#include "uefi_headers/boot_services.hpp"
#include "uefi_headers/device_path.hpp"
#include "uefi_headers/types.hpp"

namespace uefi {

struct SystemTable;

/// UEFI 2.10 §9.1, EFI_LOADED_IMAGE_PROTOCOL.
struct LoadedImage {
  static constexpr Guid kGuid = guid("5b1b31a1-9562-11d2-8e3f-00a0c969723b");

  uint32_t revision;
  Handle parent_handle;
  SystemTable* system_table;

  Handle device_handle;  // where the image came from; null if it came out of memory
  DevicePathProtocol* file_path;
  void* reserved;

  uint32_t load_options_size;  // bytes
  void* load_options;          // any bytes: nothing in the spec says that this is text

  void* image_base;
  uint64_t image_size;  // bytes
  MemoryType image_code_type;
  MemoryType image_data_type;
  Status (*unload)(Handle image);
};
static_assert(offsetof(LoadedImage, parent_handle) == 8);
static_assert(offsetof(LoadedImage, system_table) == 16);
static_assert(offsetof(LoadedImage, device_handle) == 24);
static_assert(offsetof(LoadedImage, file_path) == 32);
static_assert(offsetof(LoadedImage, load_options_size) == 48);
static_assert(offsetof(LoadedImage, load_options) == 56);
static_assert(offsetof(LoadedImage, image_base) == 64);
static_assert(offsetof(LoadedImage, image_size) == 72);
static_assert(offsetof(LoadedImage, image_code_type) == 80);
static_assert(offsetof(LoadedImage, unload) == 88);
static_assert(sizeof(LoadedImage) == 96);

}  // namespace uefi
