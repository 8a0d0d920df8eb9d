#include "boot/platform/volumes.hpp"

#include "boot/platform/firmware.hpp"
#include "boot/platform/pages.hpp"
#include "rt/format.hpp"
#include "rt/utf.hpp"
#include "uefi_headers/loaded_image.hpp"
#include "uefi_headers/simple_file_system.hpp"

namespace platform {

using uefi::Status;

namespace {

constexpr uint64_t kMaxPath = 255;  // bytes of UTF-8, and so at most as many UTF-16 units

/// Firmware's form of a path: \ between the names, one at a time.
void to_firmware_path(rt::Text path, uefi::Char16 (&out)[kMaxPath + 2]) {
  uefi::Char16 units[kMaxPath + 1];
  const uint64_t count = rt::utf8_to_utf16(path, {units, kMaxPath + 1});
  uint64_t n = 0;
  for (uint64_t i = 0; i < count; ++i) {
    const uefi::Char16 unit = units[i] == u'/' ? u'\\' : units[i];
    if (unit == u'\\' && n && out[n - 1] == u'\\') continue;
    out[n++] = unit;
  }
  if (n > 1 && out[n - 1] == u'\\') --n;
  if (n == 0) out[n++] = u'\\';
  out[n] = 0;
}

rt::Result<uefi::FileInfo> file_info(uefi::FileProtocol* file, rt::Text path) {
  FileInfoBuffer buffer{};
  uefi::Uintn bytes = sizeof buffer;
  const Status status = file->get_info(file, &uefi::FileInfo::kGuid, &bytes, &buffer);
  if (status != Status::success)
    return firmware_error(status, "%pT: its size cannot be read", &path);
  return buffer.info;
}

bool is_directory(const uefi::FileInfo& info) {
  return (info.attribute & uefi::kFileDirectory) != 0;
}

const rt::Error& is_a_directory(rt::Text path) {
  return rt::fail(rt::Errc::unsupported, 0, "%pT: this is a directory, not a file", &path);
}

}  // namespace

rt::Result<Volume> Volume::open(Device device) {
  auto* const system = handle_protocol<uefi::SimpleFileSystem>(device);
  if (!system) return firmware_error(Status::unsupported, "a device has no file system");
  uefi::FileProtocol* root = nullptr;
  const Status status = system->open_volume(system, &root);
  if (status != Status::success || !root)
    return firmware_error(status, "a volume cannot be opened");
  return Volume(FileHandle(root));
}

rt::Result<FileHandle> Volume::open_handle(const rt::Text& path, uint64_t mode) {
  if (path.size > kMaxPath)
    return rt::fail(rt::Errc::usage, path.size, "a path has at most 255 bytes: %pT", &path);
  uefi::Char16 name[kMaxPath + 2];
  to_firmware_path(path, name);
  uefi::FileProtocol* const root = root_.get();
  uefi::FileProtocol* opened = nullptr;
  const Status status = root->open(root, &opened, name, mode, 0);
  if (status == Status::not_found)
    return rt::fail(rt::Errc::not_found, static_cast<uint64_t>(status), "%pT: there is no such %s",
                    &path, mode & uefi::kFileModeCreate ? "directory" : "file");
  if (status != Status::success || !opened)
    return firmware_error(status, "%pT: cannot be opened", &path);
  return FileHandle(opened);
}

rt::Result<File> Volume::open_file(const rt::Text& path) {
  rt::Result<FileHandle> handle = open_handle(path, uefi::kFileModeRead);
  if (!handle) return handle.error();
  rt::Result<uefi::FileInfo> info = file_info(handle->get(), path);
  if (!info) return info.error();
  if (is_directory(*info)) return is_a_directory(path);
  return File(static_cast<FileHandle&&>(*handle), path, info->file_size);
}

rt::Result<Directory> Volume::open_directory(const rt::Text& path) {
  rt::Result<FileHandle> handle = open_handle(path, uefi::kFileModeRead);
  if (!handle) return handle.error();
  rt::Result<uefi::FileInfo> info = file_info(handle->get(), path);
  if (!info) return info.error();
  if (!is_directory(*info))
    return rt::fail(rt::Errc::not_found, 0, "%pT: this is a file, not a directory", &path);
  return Directory(static_cast<FileHandle&&>(*handle), path);
}

Directory::Directory(FileHandle handle, rt::Text name)
    : handle_(static_cast<FileHandle&&>(handle)) {
  rt::print_to({name_, sizeof name_}, "%pT", &name);
}

rt::Result<bool> Directory::next(DirectoryEntry& entry) {
  for (;;) {
    FileInfoBuffer buffer{};
    uefi::Uintn bytes = sizeof buffer;
    const Status status = handle_.get()->read(handle_.get(), &bytes, &buffer);
    if (status != Status::success)
      return firmware_error(status, "%s: the directory cannot be read", name_);
    if (bytes == 0) return false;
    if (bytes < sizeof(uefi::FileInfo) || bytes > sizeof buffer || !buffer.name[0])
      return firmware_error(Status::device_error, "%s: the directory cannot be read", name_);
    const uint64_t units = (bytes - sizeof(uefi::FileInfo)) / sizeof(uefi::Char16);
    const rt::Text name = rt::utf16_to_utf8({buffer.name, units}, {entry.name, sizeof entry.name});
    if (name == "." || name == "..") continue;
    entry.size = buffer.info.file_size;
    entry.directory = is_directory(buffer.info);
    return true;
  }
}

Device boot_device() {
  const auto* const image = handle_protocol<uefi::LoadedImage>(g_image);
  return image ? image->device_handle : nullptr;
}

DeviceList::DeviceList() {
  Device own = boot_device();
  if (!handle_protocol<uefi::SimpleFileSystem>(own)) own = nullptr;
  if (own) devices_[count_++] = own;
  uefi::Uintn count = 0;
  uefi::Handle* handles = nullptr;
  const Status status = g_services->locate_handle_buffer(
      uefi::SearchType::by_protocol, &uefi::SimpleFileSystem::kGuid, nullptr, &count, &handles);
  if (status != Status::success || !handles) return;
  const int64_t bytes = static_cast<int64_t>(count * sizeof(uefi::Handle));
  count_memory(MemoryUse::pool, bytes);
  for (uint64_t i = 0; i < count && count_ < kMost; ++i)
    if (handles[i] != own) devices_[count_++] = handles[i];
  (void)g_services->free_pool(handles);
  count_memory(MemoryUse::pool, -bytes);
}

rt::Result<File> open_on_any(rt::Span<const Device> devices, rt::Text path, Device* found_on) {
  rt::KeptError worst(rt::fail(rt::Errc::not_found, 0, "%pT: there is no such file on %s", &path,
                               devices.count > 1 ? "any volume" : "the volume"));
  for (const Device device : devices) {
    rt::Result<Volume> volume = Volume::open(device);
    if (!volume) {
      if (worst.code() == rt::Errc::not_found)
        worst.keep(rt::fail(rt::Errc::firmware, volume.error().detail, "%pT: not found, and %s", &path,
                            volume.error().text));
      continue;
    }
    rt::Result<File> file = volume->open_file(path);
    if (file && found_on) *found_on = device;
    if (file) return file;
    if (file.error().code != rt::Errc::not_found) worst.keep(file.error());
  }
  return worst.error();
}

}  // namespace platform
