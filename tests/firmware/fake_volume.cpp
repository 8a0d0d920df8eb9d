#include "tests/firmware/fake_volume.hpp"

#include <algorithm>
#include <cstring>

#include "tests/firmware/fake_processors.hpp"

namespace test {

using uefi::Status;
using uefi::Uintn;

/// An open file or directory.
struct FakeVolume::Open : uefi::FileProtocol {
  FakeVolume& volume;
  std::string path;
  uint64_t mode;
  uint64_t position = 0;

  Open(FakeVolume& volume, std::string path, uint64_t mode);

  static Open& of(uefi::FileProtocol* self) { return *static_cast<Open*>(self); }
  void end() {
    if (!volume.open_.erase(this)) return volume.complaints_.add("a file was closed twice");
    delete this;
  }
  Status fill_info(const std::string& name, Uintn* bytes, void* buffer) const;
  Status read_bytes(Uintn* bytes, void* buffer, const Fault* fault);
  Status write_bytes(Uintn* bytes, const void* buffer, const Fault* fault);
  Status next_entry(Uintn* bytes, void* buffer);
  Status rename(const uefi::FileInfo& info, Uintn bytes);
};

namespace {

std::string to_utf8(const uefi::Char16* text) {
  std::string out;
  for (; *text; ++text) out += char(*text);  // the tests' names are ASCII
  return out;
}

/// The bytes that a transfer of `asked` bytes is to move.
uint64_t transfer(uint64_t asked, const Fault* fault) {
  if (!fault) return asked;
  return fault->kind == Fault::Kind::short_transfer ? (asked + 1) / 2 : 0;
}

/// What a call of Read or Write answers: `transfer` does it, unless there is a fault that comes first,
/// and more bytes are claimed than were asked for where the fault is that.
template <class Transfer>
Status with_fault(const Fault* fault, Uintn* bytes, Transfer transfer) {
  if (fault && fault->kind == Fault::Kind::refusal) return fault->status;
  if (fault && fault->kind == Fault::Kind::lie) return Status::success;
  const Uintn asked = *bytes;
  const Status status = transfer();
  if (fault && fault->kind == Fault::Kind::long_transfer) *bytes = asked + (1 << 30);
  return status;
}

}  // namespace

FakeVolume::FakeVolume(Ledger& ledger, Complaints& complaints, std::map<std::string, Bytes> files)
    : uefi::SimpleFileSystem{}, files(std::move(files)), ledger_(ledger), complaints_(complaints) {
  open_volume = [](uefi::SimpleFileSystem* self, uefi::FileProtocol** root) {
    auto& volume = *static_cast<FakeVolume*>(self);
    if (auto answer = volume.refusal(Service::open_volume)) return *answer;
    if (volume.broken) return Status::volume_corrupted;
    *root = *volume.open_.insert(new Open(volume, "\\", uefi::kFileModeRead)).first;
    return Status::success;
  };
}

FakeVolume::~FakeVolume() {
  for (Open* open : open_) {
    complaints_.add("never closed: " + open->path);
    delete open;
  }
}

/// The call's fault; that it cannot be done any more, where the volume is gone.
const Fault* FakeVolume::call(Service service) {
  static constexpr Fault kGone{.status = Status::no_media};
  const Fault* fault = ledger_.call(service);
  return ++calls_ > lasts ? &kGone : fault;
}

std::optional<Status> FakeVolume::refusal(Service service) {
  const Fault* fault = call(service);
  if (!fault) return {};
  return fault->kind == Fault::Kind::lie ? Status::success : fault->status;
}

bool FakeVolume::is_directory(const std::string& path) const {
  if (path == "\\") return true;
  const auto first = files.lower_bound(path + "\\");
  return first != files.end() && first->first.starts_with(path + "\\");
}

std::vector<std::string> FakeVolume::entries(const std::string& path) const {
  const std::string prefix = path == "\\" ? path : path + "\\";
  std::vector<std::string> found = {".", ".."};
  for (const auto& [file, bytes] : files) {
    if (!file.starts_with(prefix)) continue;
    const std::string entry = file.substr(prefix.size(), file.find('\\', prefix.size()) - prefix.size());
    if (std::find(found.begin(), found.end(), entry) == found.end()) found.push_back(entry);
  }
  return found;
}

Status FakeVolume::open(std::string path, uint64_t mode, uefi::FileProtocol** opened) {
  const bool directory = is_directory(path);
  if (!directory && !files.count(path)) {
    if (!(mode & uefi::kFileModeCreate)) return Status::not_found;
    if (read_only) return Status::write_protected;
    if (free_bytes == 0) return Status::volume_full;
    files[path];
  }
  if (mode & uefi::kFileModeWrite && read_only) return Status::write_protected;
  auto* const file = new Open(*this, std::move(path), mode);
  open_.insert(file);
  *opened = file;
  return Status::success;
}

FakeVolume::Open::Open(FakeVolume& volume, std::string path, uint64_t mode)
    : uefi::FileProtocol{}, volume(volume), path(std::move(path)), mode(mode) {
  revision = kRevision1;
  uefi::FileProtocol::open = [](uefi::FileProtocol* self, uefi::FileProtocol** opened, const uefi::Char16* name,
                                uint64_t mode, uint64_t) {
    FakeVolume& volume = of(self).volume;
    if (auto answer = volume.refusal(Service::open)) return *answer;
    const std::string path = to_utf8(name);
    return volume.open(path.starts_with("\\") ? path : "\\" + path, mode, opened);
  };
  close = [](uefi::FileProtocol* self) {
    // Whatever it answers, the file is not the program's any more.
    const auto answer = of(self).volume.refusal(Service::close);
    of(self).end();
    return answer.value_or(Status::success);
  };
  delete_file = [](uefi::FileProtocol* self) {
    // UEFI 2.10 §13.5: the handle is closed even where the file cannot be deleted.
    const auto answer = of(self).volume.refusal(Service::delete_file);
    if (!answer && of(self).volume.is_directory(of(self).path)) of(self).volume.complaints_.add("a folder is deleted");
    if (!answer) of(self).volume.files.erase(of(self).path);
    of(self).end();
    return answer.value_or(Status::success);
  };
  read = [](uefi::FileProtocol* self, Uintn* bytes, void* buffer) {
    const Fault* fault = of(self).volume.call(Service::read);
    fake_time::pass(of(self).volume.read_milliseconds * 1'000'000);
    return with_fault(fault, bytes, [&] {
      return of(self).volume.is_directory(of(self).path) ? of(self).next_entry(bytes, buffer)
                                                         : of(self).read_bytes(bytes, buffer, fault);
    });
  };
  write = [](uefi::FileProtocol* self, Uintn* bytes, const void* buffer) {
    const Fault* fault = of(self).volume.call(Service::write);
    return with_fault(fault, bytes, [&] { return of(self).write_bytes(bytes, buffer, fault); });
  };
  get_position = nullptr;  // neither is ever called
  set_position = nullptr;
  get_info = [](uefi::FileProtocol* self, const uefi::Guid* type, Uintn* bytes, void* buffer) {
    if (auto answer = of(self).volume.refusal(Service::get_info)) return *answer;
    if (!(*type == uefi::FileInfo::kGuid)) return Status::unsupported;
    return of(self).fill_info(of(self).path, bytes, buffer);
  };
  set_info = [](uefi::FileProtocol* self, const uefi::Guid* type, Uintn bytes, const void* buffer) {
    if (auto answer = of(self).volume.refusal(Service::set_info)) return *answer;
    if (!(*type == uefi::FileInfo::kGuid)) return Status::unsupported;
    return of(self).rename(*static_cast<const uefi::FileInfo*>(buffer), bytes);
  };
  flush = [](uefi::FileProtocol* self) {
    return of(self).volume.refusal(Service::flush).value_or(Status::success);
  };
}

Status FakeVolume::Open::fill_info(const std::string& file, Uintn* bytes, void* buffer) const {
  const std::string name = file.substr(file.rfind('\\') + 1);
  const Uintn needed = sizeof(uefi::FileInfo) + (name.size() + 1) * sizeof(uefi::Char16);
  const bool fits = *bytes >= needed;
  *bytes = needed;
  if (!fits) return Status::buffer_too_small;
  uefi::FileInfo info{};
  info.size = needed;
  if (const auto found = volume.files.find(file); found != volume.files.end()) info.file_size = found->second.size();
  else info.attribute = uefi::kFileDirectory;
  std::memcpy(buffer, &info, sizeof info);
  auto* out = reinterpret_cast<uefi::Char16*>(static_cast<uint8_t*>(buffer) + sizeof info);
  for (const char c : name) *out++ = uefi::Char16(c);
  *out = 0;
  return Status::success;
}

/// UEFI 2.10 §13.5: SetInfo() with another name renames; the rest must stay as it is here.
Status FakeVolume::Open::rename(const uefi::FileInfo& info, Uintn bytes) {
  if (!volume.renames) return Status::unsupported;
  if (!(mode & uefi::kFileModeWrite)) return Status::access_denied;
  if (info.size != bytes) volume.complaints_.add("SetInfo with a wrong size");
  if (info.file_size != volume.files[path].size() || info.attribute)
    volume.complaints_.add("SetInfo of more than a name");
  const std::string renamed = path.substr(0, path.rfind('\\') + 1) + to_utf8(info.file_name());
  if (volume.files.count(renamed) || volume.is_directory(renamed)) return Status::access_denied;
  volume.files[renamed] = std::move(volume.files[path]);
  volume.files.erase(path);
  path = renamed;
  return Status::success;
}

Status FakeVolume::Open::next_entry(Uintn* bytes, void* buffer) {
  const std::vector<std::string> names = volume.entries(path);
  if (position == names.size()) {
    *bytes = 0;
    return Status::success;
  }
  return fill_info((path == "\\" ? path : path + "\\") + names[position++], bytes, buffer);
}

Status FakeVolume::Open::read_bytes(Uintn* bytes, void* buffer, const Fault* fault) {
  const Bytes& content = volume.files[path];
  if (position > content.size()) return Status::device_error;
  if (*bytes > volume.refused_read) return Status::bad_buffer_size;
  const uint64_t there = std::min<uint64_t>(content.size() - position, volume.largest_read);
  const uint64_t moved = std::min(there, transfer(*bytes, fault));
  std::memcpy(buffer, content.data() + position, moved);
  if (volume.changing) {
    Bytes& times = volume.times_read_[path];
    times.resize(content.size());
    for (uint64_t i = 0; i < moved; ++i) static_cast<uint8_t*>(buffer)[i] += times[position + i]++;
  }
  position += moved;
  *bytes = moved;
  return Status::success;
}

Status FakeVolume::Open::write_bytes(Uintn* bytes, const void* buffer, const Fault* fault) {
  if (!(mode & uefi::kFileModeWrite)) return Status::access_denied;
  const uint64_t moved = std::min(transfer(*bytes, fault), volume.free_bytes);
  if (moved < *bytes && !fault) return Status::volume_full;
  volume.free_bytes -= moved;
  Bytes& content = volume.files[path];
  content.resize(std::max<uint64_t>(content.size(), position + moved));
  if (moved) std::memcpy(content.data() + position, buffer, moved);
  position += moved;
  *bytes = moved;
  return Status::success;
}

}  // namespace test
