#include "rt/arena.hpp"

namespace rt {

uint8_t* Arena::take_from(Block& block, uint64_t bytes) {
  const uint64_t gap = padding(block), left = block.memory.count - block.used;
  if (gap > left || bytes > left - gap) return nullptr;
  uint8_t* at = block.memory.data + block.used + gap;
  block.used += gap + bytes;
  return at;
}

}  // namespace rt
