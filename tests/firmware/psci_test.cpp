// boot/platform/aarch64: other processors by PSCI, on a machine of threads whose firmware refuses what it is told to; and
// what ACPI and device trees say of processors.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "boot/platform/aarch64/cores.hpp"
#include "boot/platform/aarch64/instructions.hpp"
#include "boot/platform/firmware.hpp"
#include "boot/platform/starter.hpp"

namespace {

using platform::Cores;
using uefi::Status;

constexpr uint32_t kVersion = 0x84000000, kCpuOn = 0xc4000003, kAffinityInfo = 0xc4000004;
constexpr int64_t kOn = 0, kOff = 1, kNotSupported = -1, kDenied = -3;

/// The machine: processors by number; the first is the one that the program runs on.
struct Machine {
  std::map<uint64_t, std::thread> threads;
  std::map<uint64_t, std::atomic<int64_t>> state;
  std::map<uint32_t, int64_t> refused;  // by call
  int calls = 0, refused_call = -1;     // the number of one that is refused, with
  int64_t refusal = 0;
  uint64_t refused_id = ~0ull;          // CPU_ON of this one only
  std::atomic<bool> stay_on = false;    // processors that have ended do not go off
  std::atomic<int> smc_calls = 0, hvc_calls = 0, pages = 0;

  ~Machine() {
    for (auto& [id, thread] : threads)
      if (thread.joinable()) thread.join();
  }
};
Machine* g_machine = nullptr;

}  // namespace

namespace platform {

uint64_t own_id() { return 0; }

int64_t psci_call(uint32_t function, uint64_t a, uint64_t entry, uint64_t argument, bool smc) {
  Machine& m = *g_machine;
  ++(smc ? m.smc_calls : m.hvc_calls);
  if (m.calls++ == m.refused_call) return m.refusal;
  if (const auto found = m.refused.find(function); found != m.refused.end())
    if (function != kCpuOn || m.refused_id == ~0ull || m.refused_id == a) return found->second;
  if (function == kVersion) return 1 << 16 | 1;
  if (!m.state.count(a)) return -2;
  if (function == kAffinityInfo) return m.state[a];
  if (function != kCpuOn || entry != psci_entry()) return kNotSupported;
  if (m.state[a] != kOff) return -4;
  m.state[a] = kOn;
  if (m.threads[a].joinable()) m.threads[a].join();
  m.threads[a] = std::thread([&m, a, argument] {
    psci_body(reinterpret_cast<void*>(argument));
    if (!m.stay_on) m.state[a] = kOff;
  });
  return 0;
}

Translation own_translation() { return {.ttbr0 = 1, .level = 1}; }
uint64_t psci_entry() { return 0x1000; }
void clean_to_memory(const void*, uint64_t) {}
void clean_entry() {}

}  // namespace platform

namespace {

struct Tables {
  std::vector<std::vector<uint8_t>> kept;
  std::vector<uefi::ConfigurationTable> list;
  uefi::BootServices services{};
  uefi::SystemTable system{};

  uint8_t* keep(std::vector<uint8_t> bytes) {
    kept.push_back(std::move(bytes));
    return kept.back().data();
  }

  void finish() {
    services.allocate_pages = [](uefi::AllocateType, uefi::MemoryType, uefi::Uintn pages, uefi::PhysicalAddress* at) {
      *at = reinterpret_cast<uint64_t>(std::aligned_alloc(4096, pages * 4096));
      ++g_machine->pages;
      return Status::success;
    };
    services.free_pages = [](uefi::PhysicalAddress at, uefi::Uintn) {
      std::free(reinterpret_cast<void*>(at));
      --g_machine->pages;
      return Status::success;
    };
    services.locate_protocol = [](const uefi::Guid*, void*, void**) { return Status::not_found; };
    system.boot_services = &services;
    system.configuration_table = list.data();
    system.number_of_table_entries = list.size();
    platform::set_firmware(nullptr, &system);
  }
};

void put(std::vector<uint8_t>& to, uint64_t at, uint64_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) to[at + i] = uint8_t(value >> 8 * i);
}

std::vector<uint8_t> acpi_table(const char* signature, uint32_t bytes) {
  std::vector<uint8_t> table(bytes);
  std::memcpy(table.data(), signature, 4);
  put(table, 4, bytes, 4);
  return table;
}

std::vector<uint8_t> madt(const std::vector<uint64_t>& ids, uint32_t flags = 1) {
  std::vector<uint8_t> table = acpi_table("APIC", uint32_t(44 + 80 * ids.size()));
  for (size_t i = 0; i < ids.size(); ++i) {
    const uint64_t at = 44 + 80 * i;
    table[at] = 0xb;
    table[at + 1] = 80;
    put(table, at + 12, flags, 4);
    put(table, at + 68, ids[i], 8);
  }
  return table;
}

/// ACPI with these processors.
void add_acpi(Tables& t, std::vector<uint8_t> processors, uint16_t psci) {
  std::vector<uint8_t> fadt = acpi_table("FACP", 276);
  put(fadt, 129, psci, 2);
  std::vector<uint8_t> list = acpi_table("XSDT", 36 + 24);
  put(list, 36, reinterpret_cast<uint64_t>(t.keep(fadt)), 8);
  put(list, 44, 0, 8);
  put(list, 52, reinterpret_cast<uint64_t>(t.keep(std::move(processors))), 8);
  std::vector<uint8_t> root(36);
  std::memcpy(root.data(), "RSD PTR ", 8);
  put(root, 24, reinterpret_cast<uint64_t>(t.keep(list)), 8);
  t.list.push_back({uefi::guid("8868e871-e4f1-11d3-bc22-0080c73c8881"), t.keep(root)});
}

/// A flattened device tree, written as its nodes come.
class Tree {
 public:
  Tree& begin(const std::string& name) { return word(1).text(structure_, name); }
  Tree& end() { return word(2); }
  Tree& property(const std::string& name, const std::string& value) {
    word(3).word(uint32_t(value.size())).word(uint32_t(strings_.size()));
    strings_ += name + '\0';
    structure_ += value;
    return pad();
  }
  /// All of it, but of its structure only so many bytes, with nothing behind them.
  std::string bytes(size_t most = ~size_t{0}) const {
    std::string all;
    const auto big = [&](uint64_t n) { for (int i = 24; i >= 0; i -= 8) all += char(n >> i); };
    const std::string structure = (structure_ + std::string("\0\0\0\x9", 4)).substr(0, most);
    const uint64_t at = 40 + strings_.size();
    for (const uint64_t n : {uint64_t{0xd00dfeed}, at + structure.size(), at, uint64_t{40}, uint64_t{40}, uint64_t{17},
                             uint64_t{16}, uint64_t{0}, uint64_t(strings_.size()), uint64_t(structure.size())})
      big(n);
    return all + strings_ + structure;
  }

 private:
  Tree& word(uint32_t n) {
    for (int i = 24; i >= 0; i -= 8) structure_ += char(n >> i);
    return *this;
  }
  Tree& text(std::string& to, const std::string& s) {
    to += s + '\0';
    return pad();
  }
  Tree& pad() {
    while (structure_.size() % 4) structure_ += '\0';
    return *this;
  }
  std::string structure_, strings_;
};

std::string zero(std::string s) { return s + '\0'; }

std::string two_cores(const char* method, size_t most = ~size_t{0}) {
  Tree tree;
  tree.begin("").begin("psci").property("compatible", zero("arm,psci-0.2")).property("method", zero(method)).end();
  tree.begin("cpus").property("#address-cells", std::string("\0\0\0\1", 4));
  tree.begin("cpu@0").property("reg", std::string("\0\0\0\0", 4)).end();
  tree.begin("cpu@100").property("reg", std::string("\0\0\0\1\0\0\1\2", 8)).begin("cache").property("reg", "1234").end().end();
  tree.end().begin("memory@0").property("reg", "abcd").end().end();
  return tree.bytes(most);
}

Cores read_tree(const std::string& bytes) {
  const std::vector<uint8_t> exact(bytes.begin(), bytes.end());
  return platform::cores_of_device_tree(rt::Span<const uint8_t>{exact.data(), exact.size()});
}

/// A machine of four processors, which ACPI tells of.
class Psci : public testing::Test {
 protected:
  Psci() {
    g_machine = &machine_;
    for (const uint64_t id : {0, 1, 0x100, 0x101}) machine_.state[id] = id ? kOff : kOn;
    add_acpi(tables_, madt({0, 1, 0x100, 0x101}), 3);
    tables_.finish();
  }

  platform::Starter* make() { return platform::make_own_starter(room_); }
  bool comes_back(platform::Starter& starter) {
    for (int i = 0; i < 2000; ++i, std::this_thread::sleep_for(std::chrono::milliseconds(1)))
      if (starter.all_back()) return true;
    return false;
  }

  Machine machine_;
  Tables tables_;
  platform::StarterRoom room_;
};

std::atomic<uint32_t> g_came;
void come(void*, uint32_t member) { g_came += 1u << member; }

TEST_F(Psci, StartsWhatIsOffAndGivesItBackAgainAndAgain) {
  platform::Starter* starter = make();
  ASSERT_TRUE(starter);
  ASSERT_EQ(starter->count(63), 3u);
  for (int i = 0; i < 3; ++i) {
    g_came = 0;
    ASSERT_TRUE(starter->start(3, come, nullptr));
    ASSERT_TRUE(comes_back(*starter));
    EXPECT_EQ(g_came, 0b1110u);
    EXPECT_EQ(machine_.pages, 0) << "stacks were not given back";
  }
  EXPECT_EQ(machine_.smc_calls, 0);
}

TEST_F(Psci, TakesNoMoreThanAreWantedAndNoneThatIsOn) {
  machine_.state[1] = kOn;
  platform::Starter* starter = make();
  ASSERT_TRUE(starter);
  EXPECT_EQ(starter->count(63), 2u);
  EXPECT_EQ(make()->count(1), 1u);
}

TEST_F(Psci, IsNotThereWhereFirmwareHasNoSuchCalls) {
  for (const int64_t version : {int64_t{kNotSupported}, int64_t{0}, int64_t{1}}) {
    machine_.refused[kVersion] = version;
    EXPECT_FALSE(make());
  }
}

TEST_F(Psci, WithoutAffinityInfoNobodyIsStarted) {
  machine_.refused[kAffinityInfo] = kNotSupported;
  EXPECT_EQ(make()->count(63), 0u);
}

TEST_F(Psci, SaysWhatFirmwareAnswersWhereItStartsNone) {
  platform::Starter* starter = make();
  ASSERT_EQ(starter->count(63), 3u);
  machine_.refused[kCpuOn] = kDenied;
  const rt::Result<void> done = starter->start(3, come, nullptr);
  ASSERT_FALSE(done);
  EXPECT_STREQ(done.error().text, "firmware does not start the other processors: PSCI answers -3");
  EXPECT_EQ(machine_.pages, 0);
  EXPECT_TRUE(starter->all_back());
}

TEST_F(Psci, GoesOnWithThoseThatCome) {
  platform::Starter* starter = make();
  ASSERT_EQ(starter->count(63), 3u);
  machine_.refused[kCpuOn] = kDenied;
  machine_.refused_id = 0x100;
  g_came = 0;
  ASSERT_TRUE(starter->start(3, come, nullptr));
  ASSERT_TRUE(comes_back(*starter));
  EXPECT_EQ(g_came, 0b1010u);
}

TEST_F(Psci, KeepsTheStackOfAProcessorThatDoesNotGoOff) {
  platform::Starter* starter = make();
  ASSERT_EQ(starter->count(1), 1u);
  machine_.stay_on = true;
  ASSERT_TRUE(starter->start(1, come, nullptr));
  for (int i = 0; i < 20; ++i, std::this_thread::sleep_for(std::chrono::milliseconds(1))) ASSERT_FALSE(starter->all_back());
  machine_.refused[kAffinityInfo] = kDenied;
  EXPECT_FALSE(starter->all_back()) << "what is not known to be off may run";
  machine_.refused.clear();
  EXPECT_EQ(machine_.pages, 1);
  machine_.state[1] = kOff;
  EXPECT_TRUE(starter->all_back());
  EXPECT_EQ(machine_.pages, 0);
}

TEST_F(Psci, AnyOneCallMayFailInAnyWay) {
  for (int64_t refusal = -1; refusal >= -9; --refusal)
    for (const uint32_t most : {1, 63})
      for (int refused = 0;; ++refused) {
        machine_.calls = 0;
        machine_.refused_call = refused;
        machine_.refusal = refusal;
        SCOPED_TRACE(testing::Message() << "call " << refused << " answers " << refusal << ", at most " << most);
        g_came = 0;
        platform::Starter* starter = make();
        const uint32_t count = starter ? starter->count(most) : 0;
        if (count) {
          const bool some = bool(starter->start(count, come, nullptr));
          ASSERT_TRUE(comes_back(*starter));
          EXPECT_EQ(g_came != 0, some) << "some came, and it is said that none did";
        }
        ASSERT_EQ(machine_.pages, 0);
        for (const uint64_t id : {1, 0x100, 0x101}) ASSERT_EQ(machine_.state[id], kOff);
        if (machine_.calls <= refused) break;  // there was no such call
        ASSERT_LT(refused, 1000);
      }
}

TEST_F(Psci, IsCalledAsTheTablesSay) {
  for (const uint16_t flags : {0, 1, 2}) {
    Tables tables;
    add_acpi(tables, madt({0, 1}), flags);
    tables.finish();
    machine_.smc_calls = machine_.hvc_calls = 0;
    EXPECT_EQ(make() != nullptr, flags == 1) << flags;
    EXPECT_EQ(machine_.smc_calls > 0, flags == 1) << flags;
    EXPECT_EQ(machine_.hvc_calls, 0);
  }
}

TEST_F(Psci, IsFoundInTheDeviceTreeWhereThereIsNoAcpi) {
  Tables tables;
  const std::string bytes = two_cores("smc");
  tables.list.push_back({uefi::guid("b1b621d5-f19c-41a5-830b-d9152c69aae0"), tables.keep({bytes.begin(), bytes.end()})});
  tables.finish();
  machine_.state[0x100000102] = kOff;
  EXPECT_EQ(make()->count(63), 1u);
  EXPECT_GT(machine_.smc_calls, 0);
}

TEST(AcpiCores, ThatAreNotEnabledAreNotCounted) {
  Tables tables;
  add_acpi(tables, madt({0, 1}, 8), 1);
  tables.finish();
  EXPECT_EQ(platform::cores_of_acpi(tables.system).count, 0u);
}

TEST(AcpiCores, OfATableThatIsCutOrBrokenAreThoseThatAreWhole) {
  const std::vector<uint8_t> whole = madt({1, 2, 2, 3});
  for (uint32_t bytes = 36; bytes <= whole.size(); ++bytes) {
    std::vector<uint8_t> cut(whole.begin(), whole.begin() + bytes);
    put(cut, 4, bytes, 4);
    Tables tables;
    add_acpi(tables, cut, 1);
    tables.finish();
    const uint32_t entries = bytes < 44 ? 0 : (bytes - 44) / 80;
    EXPECT_EQ(platform::cores_of_acpi(tables.system).count, entries - (entries > 2)) << bytes;
  }
  for (const uint8_t length : {0, 1}) {  // would be read for ever
    std::vector<uint8_t> broken = whole;
    broken[45] = length;
    Tables tables;
    add_acpi(tables, broken, 1);
    tables.finish();
    EXPECT_EQ(platform::cores_of_acpi(tables.system).count, 0u);
  }
}

TEST(DeviceTreeCores, AreTheNodesOfProcessorsOnly) {
  const Cores cores = read_tree(two_cores("hvc"));
  EXPECT_EQ(cores.conduit, Cores::Conduit::hvc);
  ASSERT_EQ(cores.count, 2u);
  EXPECT_EQ(cores.ids[0], 0u);
  EXPECT_EQ(cores.ids[1], 0x100000102u & 0xff00ffffff);
  EXPECT_EQ(read_tree(two_cores("spin")).conduit, Cores::Conduit::none);
}

TEST(DeviceTreeCores, OfATreeThatIsCutOrDamagedAreReadWithinIt) {
  const std::string whole = two_cores("hvc");
  for (size_t bytes = 0; bytes <= whole.size(); ++bytes) (void)read_tree(whole.substr(0, bytes));
  for (size_t bytes = 0; bytes < whole.size(); ++bytes) (void)read_tree(two_cores("hvc", bytes));
  for (size_t at = 0; at < whole.size(); ++at)
    for (const char value : {'\0', '\x7f', '\xff'}) {
      std::string damaged = whole;
      damaged[at] = value;
      EXPECT_LE(read_tree(damaged).count, 3u);
    }
}

}  // namespace
