#include "boot/platform/aarch64/cores.hpp"
#include "rt/memory.hpp"

namespace platform {
namespace {

constexpr uefi::Guid kAcpi2 = uefi::guid("8868e871-e4f1-11d3-bc22-0080c73c8881");
constexpr uint32_t kHead = 36;         // of every table
constexpr uint32_t kMostBytes = 1 << 20;  // longer ones are none of those that are read here

/// A table's bytes; none where its length makes no sense.
rt::Span<const uint8_t> table_at(uint64_t address) {
  const auto* table = reinterpret_cast<const uint8_t*>(address);
  if (!table) return {};
  const uint32_t bytes = rt::load<uint32_t>(table + 4);
  return bytes < kHead || bytes > kMostBytes ? rt::Span<const uint8_t>() : rt::Span<const uint8_t>{table, bytes};
}

bool is(rt::Span<const uint8_t> table, const char (&signature)[5]) {
  return table.count >= kHead && rt::compare_bytes(table.data, signature, 4) == 0;
}

void read_fadt(rt::Span<const uint8_t> fadt, Cores& cores) {
  constexpr uint32_t kBootArch = 129, kPsci = 1, kUseHvc = 2;
  if (fadt.count < kBootArch + 2) return;
  const uint16_t flags = rt::load<uint16_t>(fadt.data + kBootArch);
  if (flags & kPsci) cores.conduit = flags & kUseHvc ? Cores::Conduit::hvc : Cores::Conduit::smc;
}

void read_madt(rt::Span<const uint8_t> madt, Cores& cores) {
  constexpr uint32_t kFirst = 44, kGicCpu = 0xb, kGicCpuBytes = 76, kFlags = 12, kMpidr = 68, kEnabled = 1;
  for (uint64_t at = kFirst; at + 2 <= madt.count;) {
    const uint8_t* entry = madt.data + at;
    const uint8_t bytes = entry[1];
    if (bytes < 2 || at + bytes > madt.count) return;
    if (entry[0] == kGicCpu && bytes >= kGicCpuBytes && rt::load<uint32_t>(entry + kFlags) & kEnabled)
      cores.add(rt::load<uint64_t>(entry + kMpidr));
    at += bytes;
  }
}

}  // namespace

void Cores::add(uint64_t id) {
  id &= 0xff00ffffff;
  for (uint32_t i = 0; i < count; ++i)
    if (ids[i] == id) return;
  if (count < kMost) ids[count++] = id;
}

Cores cores_of_acpi(const uefi::SystemTable& system) {
  Cores cores;
  for (uefi::Uintn i = 0; i < system.number_of_table_entries; ++i) {
    if (!(system.configuration_table[i].vendor_guid == kAcpi2)) continue;
    const auto* root = static_cast<const uint8_t*>(system.configuration_table[i].vendor_table);
    if (!root || rt::compare_bytes(root, "RSD PTR ", 8) != 0) continue;
    const rt::Span<const uint8_t> list = table_at(rt::load<uint64_t>(root + 24));
    if (!is(list, "XSDT")) continue;
    for (uint64_t at = kHead; at + 8 <= list.count; at += 8) {
      const rt::Span<const uint8_t> table = table_at(rt::load<uint64_t>(list.data + at));
      if (is(table, "FACP")) read_fadt(table, cores);
      if (is(table, "APIC")) read_madt(table, cores);
    }
  }
  return cores;
}

}  // namespace platform
