#pragma once
#include "rt/arena.hpp"
#include "rt/result.hpp"
#include "uefi_headers/boot_services.hpp"

namespace platform {

/// What memory that came from firmware is used for.
enum class MemoryUse : uint8_t { image, model, session, buffer, pool };
inline constexpr uint32_t kMemoryUses = 5;

/// Bytes that firmware gave us, in whole pages where they are pages.
struct MemoryCount {
  uint64_t now = 0;
  uint64_t peak = 0;
};

/// What was asked of firmware for one use, and for all of them. Every allocation of the program is
/// in here; the image itself is once efi_main called count_memory(MemoryUse::image, ImageSize).
MemoryCount memory_count(MemoryUse use);
MemoryCount memory_count();
/// Adds `bytes` (or takes them off, where negative) to a count.
void count_memory(MemoryUse use, int64_t bytes);

/// Memory of EFI_BOOT_SERVICES.AllocatePages(), UEFI 2.10 §7.2: EfiLoaderData, at any address, not
/// zeroed, given back by the destructor.
class Pages {
 public:
  Pages() = default;
  Pages(Pages&& other) : memory_(other.memory_), use_(other.use_) { other.memory_ = {}; }
  Pages& operator=(Pages&& other);
  ~Pages() { release(); }

  /// At least `bytes` bytes, rounded up to whole pages of 4 KiB, in place of what it had, which it keeps where this
  /// fails. `what` names the owner in the error: "the model needs 65 MiB of memory, but ...". Fails with
  /// Errc::out_of_memory, detail being the bytes that were asked for.
  rt::Result<void> allocate(uint64_t bytes, MemoryUse use, const char* what);

  rt::Span<uint8_t> memory() const { return memory_; }

 private:
  friend class PageBlocks;
  Pages(rt::Span<uint8_t> memory, MemoryUse use) : memory_(memory), use_(use) {}
  void release();

  rt::Span<uint8_t> memory_;
  MemoryUse use_ = MemoryUse::buffer;
};

/// Pages for an arena.
class PageBlocks final : public rt::PageAllocator {
 public:
  PageBlocks(MemoryUse use, const char* what) : use_(use), what_(what) {}
  rt::Result<rt::Span<uint8_t>> allocate(uint64_t bytes) override;
  void release(rt::Span<uint8_t> memory) override { Pages(memory, use_).release(); }

 private:
  MemoryUse use_;
  const char* what_;
};

/// Conventional memory that is free at this moment, in bytes; zeros if firmware does not say.
struct FreeMemory {
  uint64_t total = 0;
  uint64_t largest_run = 0;
};
/// Walks the memory map. UEFI 2.10 §7.2 EFI_BOOT_SERVICES.GetMemoryMap().
FreeMemory free_memory();

}  // namespace platform
