#pragma once
#include <map>
#include <set>

#include "tests/firmware/faults.hpp"
#include "uefi_headers/boot_services.hpp"

namespace test {

struct FakeMachine;

/// A machine's memory: pages, pools, and the map of both. All that is handed out is full of a
/// pattern, since nobody promised zeros, and the address sanitizer watches its ends.
class FakeMemory {
 public:
  /// `machine` says how much there is, where, and in which pieces; it outlives this.
  FakeMemory(const FakeMachine& machine, Complaints& complaints) : machine_(machine), complaints_(complaints) {}
  FakeMemory(const FakeMemory&) = delete;
  ~FakeMemory();

  uefi::Status allocate_pages(uint64_t pages, uefi::PhysicalAddress* memory);
  uefi::Status free_pages(uefi::PhysicalAddress memory, uint64_t pages);
  void* allocate_pool(uint64_t bytes);
  void free_pool(void* buffer);
  /// GetMemoryMap: descriptors of 48 bytes, as EDK II has them, with room for fields to come.
  uefi::Status map(uefi::Uintn* bytes, uint8_t* map, uefi::Uintn* stride) const;

  /// Complains of what was not given back.
  void check_restored();

 private:
  struct Piece {
    uint64_t pages;
    bool mapped;  // by mmap, and not on the heap
  };
  void release(uefi::PhysicalAddress memory, const Piece& piece);

  const FakeMachine& machine_;
  Complaints& complaints_;
  std::map<uefi::PhysicalAddress, Piece> pages_;
  std::set<void*> pools_;
  uint64_t allocations_ = 0, allocated_ = 0;  // so far; bytes of pages at this moment
};

}  // namespace test
