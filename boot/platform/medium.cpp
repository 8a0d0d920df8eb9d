#include "boot/platform/medium.hpp"

#include "boot/platform/program.hpp"

namespace platform {
namespace {

/// A URL is no path.
bool is_path(rt::Text name) {
  for (uint64_t i = 0; i < name.size; ++i)
    if (name.from(i).starts_with("://")) return false;
  return true;
}

rt::Result<Input> open_on_volume(rt::Text name, Place& place, const Patience&) {
  const rt::Span<const Device> known{&place.device, 1};
  rt::Result<File> file = open_on_any(place.device ? known : DeviceList().all(), name, &place.device);
  if (!file) return file.error();
  return Input(static_cast<File&&>(*file));
}

rt::Text home_volume(rt::Span<char> buffer) {
  return Volume::open(boot_device()) ? program_folder(buffer) : rt::Text();
}

void nothing() {}

}  // namespace

constinit const Medium kVolumes = {is_path, open_on_volume, home_volume, true, nothing};

Input& Input::operator=(Input&& other) {
  if (this == &other) return *this;
  close();
  file_ = static_cast<File&&>(other.file_);
  stream_ = other.stream_;
  name_ = other.name_;
  memory_ = other.memory_;
  other.stream_ = nullptr;
  return *this;
}

void Input::close() {
  if (stream_) stream_->close();
  stream_ = nullptr;
}

rt::Result<Input> open_input(const rt::Text& name, Place& place, const Patience& patience) {
  if (place.medium) return place.medium->open(name, place, patience);
  const rt::Error* first = nullptr;
  for (const Medium* medium : media()) {
    if (!medium->has(name)) continue;
    Place found{medium, nullptr};
    rt::Result<Input> input = medium->open(name, found, patience);
    if (input) place = found;
    if (input || input.error().code != rt::Errc::not_found) return input;
    if (!first) first = &input.error();  // few come after it: it is not overwritten
  }
  return first ? *first : rt::fail(rt::Errc::unsupported, 0, "%pT: this program has no network", &name);
}

void leave_media() {
  for (const Medium* medium : media()) medium->leave();
}

}  // namespace platform
