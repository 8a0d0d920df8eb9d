#include "boot/platform/pages.hpp"

#include "boot/platform/firmware.hpp"

namespace platform {

namespace {

constexpr uint64_t kMiB = 1 << 20;
constexpr uint64_t kMostBytes = 1ull << 52;  // what x86-64 can address

constinit MemoryCount g_counts[kMemoryUses];
constinit MemoryCount g_total;

void add(MemoryCount& count, int64_t bytes) {
  count.now += static_cast<uint64_t>(bytes);
  count.peak = rt::max(count.peak, count.now);
}

/// Memory of AllocatePool, given back by the destructor.
class Pool {
 public:
  explicit Pool(uint64_t bytes) : bytes_(bytes) {
    const auto status = g_services->allocate_pool(uefi::MemoryType::loader_data, bytes, &data_);
    if (status != uefi::Status::success) data_ = nullptr;
    if (data_) count_memory(MemoryUse::pool, static_cast<int64_t>(bytes_));
  }
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;
  ~Pool() {
    if (!data_) return;
    (void)g_services->free_pool(data_);
    count_memory(MemoryUse::pool, -static_cast<int64_t>(bytes_));
  }
  void* data() const { return data_; }

 private:
  void* data_ = nullptr;
  uint64_t bytes_;
};

FreeMemory sum_up(const uint8_t* map, uint64_t bytes, uint64_t stride) {
  FreeMemory free;
  for (uint64_t at = 0; at + sizeof(uefi::MemoryDescriptor) <= bytes; at += stride) {
    const auto& entry = *reinterpret_cast<const uefi::MemoryDescriptor*>(map + at);
    if (entry.type != uefi::MemoryType::conventional) continue;
    const uint64_t run = entry.number_of_pages * uefi::kPageSize;
    free.total += run;
    free.largest_run = rt::max(free.largest_run, run);
  }
  return free;
}

const rt::Error& no_memory(uint64_t bytes, const char* what) {
  const FreeMemory free = free_memory();
  return rt::fail(rt::Errc::out_of_memory, bytes,
                  "%s needs %'llu MiB of memory in one piece, but the largest free piece has "
                  "%'llu MiB (%'llu MiB are free in all)",
                  what, static_cast<unsigned long long>(bytes / kMiB + (bytes % kMiB != 0)),
                  static_cast<unsigned long long>(free.largest_run / kMiB),
                  static_cast<unsigned long long>(free.total / kMiB));
}

}  // namespace

MemoryCount memory_count(MemoryUse use) { return g_counts[static_cast<uint8_t>(use)]; }
MemoryCount memory_count() { return g_total; }

void count_memory(MemoryUse use, int64_t bytes) {
  add(g_counts[static_cast<uint8_t>(use)], bytes);
  add(g_total, bytes);
}

rt::Result<void> Pages::allocate(uint64_t bytes, MemoryUse use, const char* what) {
  if (bytes > kMostBytes) return no_memory(bytes, what);
  const uint64_t pages =
      rt::max<uint64_t>(1, rt::round_up(bytes, uefi::kPageSize) / uefi::kPageSize);
  uefi::PhysicalAddress address = 0;
  const uefi::Status status = g_services->allocate_pages(
      uefi::AllocateType::any_pages, uefi::MemoryType::loader_data, pages, &address);
  // Page 0 is no use to C++, and no firmware gives it.
  if (status != uefi::Status::success || !address) return no_memory(bytes, what);
  release();
  memory_ = {reinterpret_cast<uint8_t*>(address), pages * uefi::kPageSize};
  use_ = use;
  count_memory(use, static_cast<int64_t>(memory_.count));
  return {};
}

Pages& Pages::operator=(Pages&& other) {
  if (this == &other) return *this;
  release();
  memory_ = other.memory_;
  use_ = other.use_;
  other.memory_ = {};
  return *this;
}

void Pages::release() {
  if (memory_.empty()) return;
  (void)g_services->free_pages(reinterpret_cast<uefi::PhysicalAddress>(memory_.data),
                               memory_.count / uefi::kPageSize);
  count_memory(use_, -static_cast<int64_t>(memory_.count));
  memory_ = {};
}

rt::Result<rt::Span<uint8_t>> PageBlocks::allocate(uint64_t bytes) {
  Pages pages;
  if (rt::Result<void> done = pages.allocate(bytes, use_, what_); !done) return done.error();
  const rt::Span<uint8_t> memory = pages.memory_;
  pages.memory_ = {};  // the arena's from now on
  return memory;
}

FreeMemory free_memory() {
  uefi::Uintn bytes = 0, key = 0, stride = 0;
  uint32_t version = 0;
  uefi::Status status = g_services->get_memory_map(&bytes, nullptr, &key, &stride, &version);
  // Making room for the map changes the map: a few entries more, and more of them each time.
  for (uint64_t spare = 8; spare <= 128 && status == uefi::Status::buffer_too_small; spare *= 2) {
    bytes += spare * rt::max<uint64_t>(stride, sizeof(uefi::MemoryDescriptor));
    const uint64_t room = bytes;
    const Pool pool(room);
    if (!pool.data()) return {};
    auto* map = static_cast<uefi::MemoryDescriptor*>(pool.data());
    status = g_services->get_memory_map(&bytes, map, &key, &stride, &version);
    if (status == uefi::Status::success && stride >= sizeof(uefi::MemoryDescriptor))
      return sum_up(static_cast<const uint8_t*>(pool.data()), rt::min(bytes, room), stride);
  }
  return {};
}

}  // namespace platform
