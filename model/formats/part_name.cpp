#include "model/formats/part_name.hpp"

#include "rt/format.hpp"
#include "rt/parse.hpp"

namespace model {
namespace {

constexpr uint64_t kDigits = 5;

/// The five digits at `at` of `name`; 0 where they are something else.
uint32_t digits(rt::Text name, uint64_t at) {
  uint64_t number = 0;
  return rt::parse_u64(name.part(at, kDigits), number) ? uint32_t(number) : 0;
}

}  // namespace

uint32_t part_number(rt::Text path) {
  if (path.size < kPartName.size) return 0;
  const rt::Text end = path.from(path.size - kPartName.size);
  for (uint64_t i = 0; i < 15; ++i)
    if (kPartName[i] != end[i] && (kPartName[i] < '0' || kPartName[i] > '9')) return 0;
  return digits(end, 10) ? digits(end, 1) : 0;
}

rt::Text part_path(rt::Text first, uint32_t number, uint32_t count, rt::Span<char> buffer) {
  if (part_number(first) != 1) return {};
  const rt::Text stem = first.part(0, first.size - kPartName.size), end = first.from(first.size - 5);
  return rt::print_to(buffer, "%pT-%05u-of-%05u%pT", &stem, number + 1, count, &end);
}

}  // namespace model
