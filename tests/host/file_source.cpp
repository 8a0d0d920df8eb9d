#include "tests/host/file_source.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>

namespace test {
namespace {
constexpr uint64_t kChunk = 512 * 1024;
}

FileSource::FileSource(const std::string& path) : path_(path), chunk_(kChunk) {
  descriptor_ = ::open(path.c_str(), O_RDONLY);
  struct stat status {};
  if (descriptor_ < 0 || ::fstat(descriptor_, &status) != 0)
    throw std::system_error(errno, std::generic_category(), path);
  size_ = static_cast<uint64_t>(status.st_size);
}

FileSource::~FileSource() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

rt::Result<rt::Span<const uint8_t>> FileSource::next(uint64_t most) {
  if (from_ == to_) {
    const ssize_t got = ::read(descriptor_, chunk_.data(), kChunk);
    if (got <= 0)
      return rt::fail(rt::Errc::bad_file, 0, "%s: %s", path_.c_str(),
                      got < 0 ? std::strerror(errno) : "the file ends too early");
    from_ = 0;
    to_ = static_cast<uint64_t>(got);
  }
  const uint64_t n = rt::min(most, to_ - from_);
  from_ += n;
  return rt::Span<const uint8_t>{chunk_.data() + from_ - n, n};
}

}  // namespace test
