// The arena of the fuzz targets, linked in place of rt/arena.cpp: behind everything that it hands
// out lies a red zone that the address sanitizer reports. Sizes that are found out by counting
// include the red zones, so an arena of the size that a model asks for is still filled to its end.
#include <sanitizer/asan_interface.h>

#include "rt/arena.hpp"

namespace rt {

uint8_t* Arena::take_from(Block& block, uint64_t bytes) {
  constexpr uint64_t kRedZone = kAlign;
  const uint64_t gap = padding(block), left = block.memory.count - block.used;
  if (left < gap + kRedZone || bytes > left - gap - kRedZone) return nullptr;
  uint8_t* at = block.memory.data + block.used + gap;
  block.used += gap + bytes + kRedZone;
  if (block.memory.count < uint64_t{1} << 62) {  // not the arena that only counts
    ASAN_UNPOISON_MEMORY_REGION(at, bytes);  // it may have been handed out before a rewind()
    ASAN_POISON_MEMORY_REGION(at + bytes, kRedZone);
  }
  return at;
}

}  // namespace rt
