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

}  // namespace platform
