#include "boot/platform/aarch64/cores.hpp"
#include "rt/memory.hpp"
#include "rt/utf.hpp"

namespace platform {
namespace {

constexpr uefi::Guid kDeviceTree = uefi::guid("b1b621d5-f19c-41a5-830b-d9152c69aae0");
constexpr uint32_t kMagic = 0xd00dfeed;
constexpr uint32_t kHeaderBytes = 40, kMostBytes = 16 << 20;
enum Token : uint32_t { kBeginNode = 1, kEndNode = 2, kProperty = 3, kNothing = 4 };

uint32_t number(const uint8_t* at) { return __builtin_bswap32(rt::load<uint32_t>(at)); }

/// The text at `at`, up to its zero; empty where none comes.
rt::Text text_at(rt::Span<const uint8_t> bytes, uint64_t at) {
  uint64_t end = at;
  while (end < bytes.count && bytes.data[end]) ++end;
  if (end >= bytes.count) return {};
  return {reinterpret_cast<const char*>(bytes.data + at), end - at};
}

/// One pass over the structure block, which tells of nodes one inside the other.
class Reader {
 public:
  Reader(rt::Span<const uint8_t> structure, rt::Span<const uint8_t> strings)
      : structure_(structure), strings_(strings) {}

  Cores read() {
    while (at_ + 4 <= structure_.count) {
      const uint32_t token = number(structure_.data + at_);
      at_ += 4;
      if (token == kBeginNode) {
        begin_node();
      } else if (token == kEndNode) {
        leave_node();
      } else if (token == kProperty) {
        if (!property()) break;
      } else if (token != kNothing) {
        break;
      }
    }
    return cores_;
  }

 private:
  void begin_node() {
    const rt::Text name = text_at(structure_, at_);
    at_ += (name.size + 4) & ~uint64_t{3};
    if (++depth_ == 2) {
      in_cpus_ = name == "cpus";
      in_psci_ = name == "psci" || name.starts_with("psci@");
    }
    if (depth_ == 3) in_cpu_ = in_cpus_ && name.starts_with("cpu@");
  }

  void leave_node() {
    if (depth_ == 2) in_cpus_ = in_psci_ = false;
    if (depth_ == 3) in_cpu_ = false;
    if (depth_) --depth_;
  }

  bool property() {
    if (at_ + 8 > structure_.count) return false;
    const uint32_t bytes = number(structure_.data + at_), name_at = number(structure_.data + at_ + 4);
    at_ += 8;
    if (bytes > structure_.count - at_) return false;
    const rt::Span<const uint8_t> value = structure_.part(at_, bytes);
    at_ += (uint64_t{bytes} + 3) & ~uint64_t{3};
    const rt::Text name = text_at(strings_, name_at);
    if (depth_ == 3 && in_cpu_ && name == "reg") {
      if (bytes == 4) cores_.add(number(value.data));
      if (bytes == 8) cores_.add(uint64_t{number(value.data)} << 32 | number(value.data + 4));
    }
    if (depth_ == 2 && in_psci_ && name == "method") {
      const rt::Text method = text_at(value, 0);
      if (method == "hvc") cores_.conduit = Cores::Conduit::hvc;
      if (method == "smc") cores_.conduit = Cores::Conduit::smc;
    }
    return true;
  }

  rt::Span<const uint8_t> structure_, strings_;
  uint64_t at_ = 0;
  uint32_t depth_ = 0;
  bool in_cpus_ = false, in_cpu_ = false, in_psci_ = false;
  Cores cores_;
};

}  // namespace

Cores cores_of_device_tree(rt::Span<const uint8_t> tree) {
  if (tree.count < kHeaderBytes || number(tree.data) != kMagic) return {};
  const uint64_t structure = number(tree.data + 8), strings = number(tree.data + 12);
  const uint64_t strings_bytes = number(tree.data + 32), structure_bytes = number(tree.data + 36);
  if (structure + structure_bytes > tree.count || strings + strings_bytes > tree.count) return {};
  return Reader(tree.part(structure, structure_bytes), tree.part(strings, strings_bytes)).read();
}

Cores cores_of_device_tree(const uefi::SystemTable& system) {
  for (uefi::Uintn i = 0; i < system.number_of_table_entries; ++i) {
    if (!(system.configuration_table[i].vendor_guid == kDeviceTree)) continue;
    const auto* tree = static_cast<const uint8_t*>(system.configuration_table[i].vendor_table);
    if (!tree || number(tree) != kMagic || number(tree + 4) > kMostBytes) continue;
    return cores_of_device_tree({tree, number(tree + 4)});
  }
  return {};
}

}  // namespace platform
