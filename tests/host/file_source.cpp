#include "tests/host/file_source.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>

#include "model/formats/part_name.hpp"

namespace test {
namespace {
constexpr uint64_t kChunk = 512 * 1024;
}

FileSource::FileSource(const std::string& path) : first_(path), path_(path), chunk_(kChunk) {
  if (!open()) throw std::system_error(errno, std::generic_category(), path);
}

/// Opens the file at path_ in place of the one before.
bool FileSource::open() {
  if (descriptor_ >= 0) ::close(descriptor_);
  descriptor_ = ::open(path_.c_str(), O_RDONLY);
  struct stat status {};
  if (descriptor_ < 0 || ::fstat(descriptor_, &status) != 0) return false;
  size_ = static_cast<uint64_t>(status.st_size);
  from_ = to_ = 0;
  return true;
}

rt::Result<void> FileSource::open_part(uint32_t number, uint32_t count) {
  std::vector<char> buffer(first_.size() + 1);
  const rt::Text part = model::part_path({first_.data(), first_.size()}, number, count, {buffer.data(), buffer.size()});
  if (part.empty())
    return rt::fail(rt::Errc::unsupported, count, "%s: the model is split over %u files; the name of the first must end in "
                    "-00001-of-%05u.gguf", first_.c_str(), count, count);
  path_.assign(part.data, part.size);
  if (!open()) return rt::fail(rt::Errc::not_found, number, "%s: %s", path_.c_str(), std::strerror(errno));
  return {};
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
