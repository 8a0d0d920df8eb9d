#include "tests/firmware/fake_memory.hpp"

#include <sys/mman.h>

#include <cstdlib>
#include <cstring>

#include "tests/firmware/fake_firmware.hpp"

namespace test {

using uefi::Status;

namespace {
constexpr int kPattern = 0xa5;
}

FakeMemory::~FakeMemory() {
  for (const auto& [address, piece] : pages_) release(address, piece);
  for (void* pool : pools_) std::free(pool);
}

Status FakeMemory::allocate_pages(uint64_t pages, uefi::PhysicalAddress* memory) {
  const uint64_t bytes = pages * uefi::kPageSize;
  if (pages == 0) return Status::invalid_parameter;
  if (pages > 1 << 20 || bytes > machine_.largest_piece || allocated_ + bytes > machine_.all_memory)
    return Status::out_of_resources;
  const bool low = machine_.memory == Memory::below_4_gib || (machine_.memory == Memory::by_turns && allocations_ % 2);
  ++allocations_;
  void* found;
#ifdef MAP_32BIT
  if (low) {
    found = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
    if (found == MAP_FAILED) return Status::out_of_resources;
  } else
#endif
    found = std::aligned_alloc(uefi::kPageSize, bytes);
  std::memset(found, kPattern, bytes);
  *memory = reinterpret_cast<uefi::PhysicalAddress>(found);
  pages_[*memory] = {pages, low};
  allocated_ += bytes;
  return Status::success;
}

Status FakeMemory::free_pages(uefi::PhysicalAddress memory, uint64_t pages) {
  const auto found = pages_.find(memory);
  if (found == pages_.end() || found->second.pages != pages) {
    complaints_.add("FreePages of what was not allocated so");
    return Status::not_found;
  }
  release(memory, found->second);
  allocated_ -= pages * uefi::kPageSize;
  pages_.erase(found);
  return Status::success;
}

void FakeMemory::release(uefi::PhysicalAddress memory, const Piece& piece) {
  auto* const data = reinterpret_cast<void*>(memory);
  piece.mapped ? void(munmap(data, piece.pages * uefi::kPageSize)) : std::free(data);
}

void* FakeMemory::allocate_pool(uint64_t bytes) {
  ++allocations_;
  void* const buffer = *pools_.insert(std::malloc(bytes)).first;
  return std::memset(buffer, kPattern, bytes);
}

void FakeMemory::free_pool(void* buffer) {
  if (!pools_.erase(buffer)) complaints_.add("FreePool of what was not allocated");
  else std::free(buffer);
}

Status FakeMemory::map(uefi::Uintn* bytes, uint8_t* map, uefi::Uintn* stride) const {
  constexpr uint64_t kStride = 48;
  std::vector<uefi::MemoryDescriptor> entries;
  uint64_t at = 0x100000;
  const auto add = [&](uefi::MemoryType type, uint64_t pages) {
    entries.push_back({type, 0, at, 0, pages, 0xf});
    at += pages * uefi::kPageSize;
  };
  for (const uint64_t pages : machine_.free_pieces) {
    add(uefi::MemoryType::conventional, pages);
    add(uefi::MemoryType::boot_services_data, 1);
  }
  add(uefi::MemoryType(0x80000001), 1 << 30);  // firmware's own
  for (uint64_t i = 0; i < allocations_ * machine_.map_growth; ++i) add(uefi::MemoryType::loader_data, 1);
  const uint64_t needed = entries.size() * kStride;
  const bool fits = *bytes >= needed;
  *bytes = needed;
  *stride = kStride;
  if (!fits) return Status::buffer_too_small;
  if (machine_.map_boasts) *bytes += 1'000 * kStride;
  for (size_t i = 0; i < entries.size(); ++i) std::memcpy(map + i * kStride, &entries[i], sizeof entries[i]);
  return Status::success;
}

void FakeMemory::check_restored() {
  if (!pages_.empty()) complaints_.add("pages were not given back");
  if (!pools_.empty()) complaints_.add("pool memory was not given back");
}

}  // namespace test
