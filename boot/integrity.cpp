#include "boot/integrity.hpp"

#include "model/formats/part_name.hpp"

namespace boot {

rt::Result<rt::Span<const uint8_t>> Verified::next(uint64_t most) {
  rt::Result<rt::Span<const uint8_t>> bytes = source_.next(most);
  if (!bytes) return bytes;
  if (wanted()) hash_.update(*bytes);
  return bytes;
}

rt::Result<void> Verified::open_part(uint32_t number, uint32_t count) {
  // Heads come first, of all files, then the first file again: from there on all are read to their ends.
  if (loading_)
    if (rt::Result<void> done = finish(); !done) return done;
  loading_ = loading_ || number == 0;
  if (rt::Result<void> done = source_.open_part(number, count); !done) return done;
  char buffer[300];
  return find_sum(model::part_path(path_, number, count, {buffer, sizeof buffer}));
}

rt::Result<void> Verified::find_sum(const rt::Text& path) {
  hash_ = {};
  expected_[0] = 0;
  if (!place_.medium) return {};
  char buffer[300];
  rt::Result<platform::Input> file = platform::open_input(rt::print_to({buffer, sizeof buffer}, "%pT.sha256", &path),
                                                          place_, {terminal_.clock, terminal_.keyboard});
  if (!file && file.error().code == rt::Errc::not_found) return {};
  if (!file) return file.error();
  uint8_t content[128];
  uint64_t n = 0;
  while (n < rt::min<uint64_t>(file->size(), sizeof content)) {
    rt::Result<uint64_t> got = file->readable().read({content + n, sizeof content - n});
    if (!got) return got.error();
    if (*got == 0) break;
    n += *got;
  }
  rt::Result<rt::Text> sum =
      expected_sum(file->name(), {reinterpret_cast<const char*>(content), n}, {expected_, sizeof expected_});
  if (!sum) return sum.error();
  return {};
}

rt::Result<void> Verified::finish() {
  if (!wanted()) return {};
  char digits[65];
  const rt::Text sum = rt::to_hex(hash_.finish(), digits), expected(expected_, sizeof expected_), file = name();
  if (expected_[0] && !(sum == expected))
    return rt::fail(rt::Errc::bad_file, 0, "%pT: damaged: its SHA-256 is %pT, and its .sha256 file says %pT", &file,
                    &sum, &expected);
  rt::print(terminal_.console, "sha256    %pT%s\n", &sum, expected_[0] ? ", as expected" : "");
  return {};
}

rt::Result<rt::Text> expected_sum(rt::Text name, rt::Text content, rt::Span<char> buffer) {
  constexpr uint64_t kDigits = 64;
  uint64_t n = 0;
  for (; n < content.size && n < kDigits && n < buffer.count; ++n) {
    char c = content[n];
    if (c >= 'A' && c <= 'F') c = char(c - 'A' + 'a');
    if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))) break;
    buffer[n] = c;
  }
  const bool ends = n == content.size || content[n] == ' ' || content[n] == '\r' || content[n] == '\n';
  if (n == kDigits && ends) return rt::Text(buffer.data, n);
  return rt::fail(rt::Errc::bad_file, n, "%pT: not a SHA-256: 64 hexadecimal digits are expected",
                  &name);
}

}  // namespace boot
