#include "boot/platform/readable.hpp"

namespace platform {
namespace {

/// The error where a file is shorter than was said.
const rt::Error& ends_early(const Readable& file) {
  const rt::Text name = file.name();
  return rt::fail(rt::Errc::bad_file, file.position(), "%pT: the file ends after %'llu of %'llu bytes", &name,
                  static_cast<unsigned long long>(file.position()), static_cast<unsigned long long>(file.size()));
}

}  // namespace

rt::Result<rt::Span<uint8_t>> Readable::read_all(rt::Arena& arena, uint64_t most) {
  const rt::Text own = name();
  if (size() > most)
    return rt::fail(rt::Errc::bad_file, most, "%pT: %'llu bytes long, but at most %'llu make sense", &own,
                    static_cast<unsigned long long>(size()), static_cast<unsigned long long>(most));
  rt::Result<rt::Span<uint8_t>> bytes = arena.make_raw<uint8_t>(size());
  if (!bytes) return bytes.error();
  for (uint64_t n = 0; n < bytes->count;) {
    rt::Result<uint64_t> got = read(bytes->from(n));
    if (!got) return got.error();
    if (*got == 0) return ends_early(*this);
    n += *got;
  }
  return bytes;
}

rt::Result<rt::Span<const uint8_t>> FileSource::next(uint64_t most) {
  if (ready_.empty()) {
    rt::Result<uint64_t> got = file_->read(buffer_);
    if (!got) return got.error();
    if (*got == 0) return ends_early(*file_);
    ready_ = buffer_.part(0, *got);
  }
  const rt::Span<const uint8_t> part = ready_.part(0, rt::min(most, ready_.count));
  ready_ = ready_.from(part.count);
  return part;
}

}  // namespace platform
