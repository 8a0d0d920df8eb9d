// The arena of the fuzz targets, linked in place of rt/arena.cpp: behind everything that it hands
// out lies a red zone that the address sanitizer reports. Sizes that are found out by counting
// include the red zones, so an arena of the size that a model asks for is still filled to its end.
#include <sanitizer/asan_interface.h>

#include "rt/arena.hpp"

namespace rt {

Result<uint8_t*> Arena::take(uint64_t bytes) {
  constexpr uint64_t kRedZone = kAlign;
  const uint64_t address = reinterpret_cast<uint64_t>(memory_.data) + used_;
  const uint64_t padding = round_up(address, kAlign) - address;
  const uint64_t left = memory_.count - used_;
  if (left < padding + kRedZone || bytes > left - padding - kRedZone) return exhausted(bytes);
  uint8_t* at = memory_.data + used_ + padding;
  used_ += padding + bytes + kRedZone;
  if (memory_.count < uint64_t{1} << 62) {  // not the arena that only counts
    ASAN_UNPOISON_MEMORY_REGION(at, bytes);  // it may have been handed out before a rewind()
    ASAN_POISON_MEMORY_REGION(at + bytes, kRedZone);
  }
  return at;
}

Error Arena::exhausted(uint64_t bytes) const {
  return fail(Errc::out_of_memory, bytes, "out of memory: %'llu bytes wanted",
              static_cast<unsigned long long>(bytes));
}

}  // namespace rt
