#include "rt/arena.hpp"

namespace rt {

Result<uint8_t*> Arena::take(uint64_t bytes) {
  const uint64_t address = reinterpret_cast<uint64_t>(memory_.data) + used_;
  const uint64_t padding = round_up(address, kAlign) - address;
  const uint64_t left = memory_.count - used_;
  if (padding > left || bytes > left - padding) return exhausted(bytes);
  uint8_t* at = memory_.data + used_ + padding;
  used_ += padding + bytes;
  return at;
}

Error Arena::exhausted(uint64_t bytes) const {
  return fail(Errc::out_of_memory, bytes, "out of memory: %'llu bytes wanted, %'llu left of %'llu",
              static_cast<unsigned long long>(bytes),
              static_cast<unsigned long long>(memory_.count - used_),
              static_cast<unsigned long long>(memory_.count));
}

}  // namespace rt
