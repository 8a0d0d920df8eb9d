#include "boot/platform/files.hpp"

#include "boot/platform/firmware.hpp"
#include "rt/format.hpp"

namespace platform {

using uefi::Status;

FileHandle& FileHandle::operator=(FileHandle&& other) {
  if (this == &other) return *this;
  close();
  raw_ = other.release();
  return *this;
}

uefi::FileProtocol* FileHandle::release() {
  uefi::FileProtocol* const raw = raw_;
  raw_ = nullptr;
  return raw;
}

void FileHandle::close() {
  if (raw_) (void)raw_->close(raw_);
  raw_ = nullptr;
}

File::File(FileHandle handle, rt::Text name, uint64_t size)
    : handle_(static_cast<FileHandle&&>(handle)), size_(size) {
  rt::print_to({name_, sizeof name_}, "%pT", &name);
}

rt::Result<uint64_t> File::read(rt::Span<uint8_t> into) {
  const uint64_t start = position_;
  while (position_ - start < into.count && position_ < size_) {
    const uint64_t wanted = rt::min(into.count - (position_ - start), size_ - position_);
    const uint64_t asked = rt::min(wanted, kMaxTransfer);
    uefi::Uintn got = asked;
    const Status status = handle_.get()->read(handle_.get(), &got, into.data + (position_ - start));
    if (status != Status::success || got > asked)
      return firmware_error(status == Status::success ? Status::device_error : status,
                            "%s: reading failed at byte %'llu of %'llu", name_,
                            static_cast<unsigned long long>(position_),
                            static_cast<unsigned long long>(size_));
    if (got == 0) break;
    position_ += got;  // fewer than asked is no end: some drivers give a cluster at a time
  }
  return position_ - start;
}

rt::Result<rt::Span<uint8_t>> File::read_all(rt::Arena& arena, uint64_t most) {
  if (size_ > most)
    return rt::fail(rt::Errc::bad_file, most, "%s: %'llu bytes long, but at most %'llu make sense",
                    name_, static_cast<unsigned long long>(size_),
                    static_cast<unsigned long long>(most));
  if (rt::Result<void> start = seek(0); !start) return start.error();
  rt::Result<rt::Span<uint8_t>> bytes = arena.make_raw<uint8_t>(size_);
  if (!bytes) return bytes.error();
  rt::Result<uint64_t> got = read(*bytes);
  if (!got) return got.error();
  if (*got != size_)
    return rt::fail(rt::Errc::bad_file, *got, "%s: the file ends after %'llu of %'llu bytes", name_,
                    static_cast<unsigned long long>(*got), static_cast<unsigned long long>(size_));
  return bytes;
}

rt::Result<void> File::seek(uint64_t position) {
  const Status status = handle_.get()->set_position(handle_.get(), position);
  if (status != Status::success)
    return firmware_error(status, "%s: cannot go to byte %'llu", name_,
                          static_cast<unsigned long long>(position));
  position_ = position;
  return {};
}

rt::Result<rt::Span<const uint8_t>> FileSource::next(uint64_t most) {
  if (ready_.empty()) {
    rt::Result<uint64_t> got = file_.read(buffer_);
    if (!got) return got.error();
    const rt::Text own = name();
    if (*got == 0)
      return rt::fail(rt::Errc::bad_file, file_.position(),
                      "%pT: the file ends after %'llu of %'llu bytes", &own,
                      static_cast<unsigned long long>(file_.position()),
                      static_cast<unsigned long long>(file_.size()));
    ready_ = buffer_.part(0, *got);
  }
  const rt::Span<const uint8_t> part = ready_.part(0, rt::min(most, ready_.count));
  ready_ = ready_.from(part.count);
  return part;
}

}  // namespace platform
