#include "tests/firmware/fake_firmware.hpp"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstring>

#include "boot/embedded.hpp"
#include "boot/platform/firmware.hpp"
#include "boot/platform/pages.hpp"
#include "tests/firmware/fake_console.hpp"
#include "tests/firmware/fake_memory.hpp"
#include "tests/firmware/fake_processors.hpp"
#include "uefi_headers/graphics_output.hpp"
#include "uefi_headers/loaded_image.hpp"
#include "uefi_headers/rng.hpp"
#include "uefi_headers/serial_io.hpp"

namespace test {
namespace {

using uefi::Status;
using uefi::Uintn;

constexpr uint64_t kImageBytes = 123 * uefi::kPageSize;
constexpr int kPatience = 60;  // seconds of the host for one run

class FakeFirmware;
FakeFirmware* g_firmware = nullptr;  // boot services are not told whose they are

/// The path of a loaded image: one node with the file's name, and the end.
struct [[gnu::packed]] FilePath {
  uefi::DevicePathProtocol head{uefi::kDevicePathMedia, uefi::kDevicePathMediaFilePath, {sizeof(FilePath) - 4, 0}};
  char16_t name[23] = u"\\EFI\\BOOT\\BOOTX64.EFI";
  uefi::DevicePathProtocol end{uefi::kDevicePathEnd, uefi::kDevicePathEndEntire, {4, 0}};
};

class FakeFirmware {
 public:
  FakeFirmware(const FakeMachine& machine, std::optional<Fault> fault);

  Outcome run(const Program& program);

 private:
  struct RngProtocol : uefi::Rng {
    FakeFirmware* firmware;
  };

  uefi::BootServices boot_services();
  uefi::RuntimeServices runtime_services();
  void* interface(uefi::Handle handle, const uefi::Guid& guid);
  void pass(uint64_t microseconds);
  void check_restored();
  uefi::Handle volume_handle(uint32_t i) const { return reinterpret_cast<uefi::Handle>(uint64_t{0x1000} + i * 8); }

  const FakeMachine& machine_;
  Ledger ledger_;
  Complaints complaints_;
  FakeScreen screen_{ledger_, complaints_, machine_.serial_line, int32_t(machine_.text_modes)};
  FakeTypist typist_{ledger_, machine_.typed, machine_.keys, machine_.hurry};
  FakeProcessors processors_{ledger_, complaints_, machine_.processors};
  std::unique_ptr<FakeVolume> volume_ = std::make_unique<FakeVolume>(ledger_, complaints_, machine_.files);
  FakeVolume broken_{ledger_, complaints_, {}};
  RngProtocol rng_{};
  uefi::GraphicsOutput graphics_{};
  struct SerialLine : uefi::SerialIo {
    FakeFirmware* firmware;
  } serial_{};
  uefi::LoadedImage image_{};
  FilePath path_;
  std::u16string options_;
  const uefi::Handle image_handle_ = reinterpret_cast<uefi::Handle>(uint64_t{0x10});
  const uefi::Handle console_handle_ = reinterpret_cast<uefi::Handle>(uint64_t{0x20});

  FakeNetwork network_{machine_.network, ledger_, complaints_};
  FakeMemory memory_{machine_, complaints_};
  std::set<uefi::Event> events_, timers_;
  uint32_t rests_ = 0;
  uint64_t events_made_ = 0;
  std::string reset_;
  std::vector<Row> waits_;
  uint64_t watchdog_seconds_ = 300;  // as boot managers leave it
};

/// Where a service begins: counts the call, and answers at once if it is to go wrong.
#define SERVICE(service)                                                     \
  FakeFirmware& f = *g_firmware;                                             \
  if (auto answer = f.ledger_.refusal(Service::service)) return *answer

FakeFirmware::FakeFirmware(const FakeMachine& machine, std::optional<Fault> fault)
    : machine_(machine), ledger_(fault), options_(machine.options.begin(), machine.options.end()) {
  volume_->largest_read = machine.largest_read;
  volume_->refused_read = machine.refused_read;
  volume_->read_milliseconds = machine.read_milliseconds;
  volume_->changing = machine.changing_volume;
  volume_->read_only = machine.read_only;
  volume_->free_bytes = machine.free_bytes;
  volume_->renames = machine.renames;
  volume_->lasts = machine.volume_lasts;
  network_.allocate_pool = [this](uint64_t bytes) { return memory_.allocate_pool(bytes); };
  broken_.broken = true;
  rng_.firmware = this;
  rng_.get_rng = [](uefi::Rng* self, const uefi::Guid*, Uintn bytes, uint8_t* value) {
    FakeFirmware& f = *static_cast<RngProtocol*>(self)->firmware;
    if (auto answer = f.ledger_.refusal(Service::get_rng)) return *answer;
    if (!f.machine_.rng_ready) return Status::not_ready;
    std::memset(value, 7, bytes);
    return Status::success;
  };
  serial_.firmware = this;
  serial_.write = [](uefi::SerialIo* self, Uintn* bytes, const void* text) {
    FakeFirmware& f = *static_cast<SerialLine*>(self)->firmware;
    if (auto answer = f.ledger_.refusal(Service::serial_write)) return *answer;
    f.screen_.put_past({static_cast<const char*>(text), *bytes});
    return Status::success;
  };
  typist_.at_once = machine.keys_at_once;
  typist_.look = machine.look_milliseconds * 1'000'000;
  processors_.number_shift = machine.number_shift;
  processors_.late = machine.late_milliseconds * 1'000'000;
  if (!machine.key_events) typist_.wait_for_key = typist_.wait_for_key_ex = nullptr;
  image_.device_handle = machine.from_disk ? volume_handle(0) : network_.boot_handle();
  if (machine.slash_path) path_.name[0] = u'/';
  image_.file_path = &path_.head;
  image_.load_options = options_.empty() ? nullptr : options_.data();
  image_.load_options_size = uint32_t(options_.size() * sizeof(char16_t));
  image_.image_size = kImageBytes;
}

void* FakeFirmware::interface(uefi::Handle handle, const uefi::Guid& guid) {
  if (handle == image_handle_) return guid == uefi::LoadedImage::kGuid ? &image_ : nullptr;
  if (handle == console_handle_)
    return machine_.extended_keyboard && guid == uefi::SimpleTextInputEx::kGuid ? typist_.extended() : nullptr;
  if (guid == uefi::SimpleFileSystem::kGuid) {
    if (handle == volume_handle(0)) return static_cast<uefi::SimpleFileSystem*>(volume_.get());
    for (uint32_t i = 1; i <= machine_.broken_volumes; ++i)
      if (handle == volume_handle(i)) return static_cast<uefi::SimpleFileSystem*>(&broken_);
  }
  return network_.interface(handle, guid);
}

uefi::BootServices FakeFirmware::boot_services() {
  uefi::BootServices s{};  // what is not set here is not called, or the test crashes
  s.allocate_pages = [](uefi::AllocateType type, uefi::MemoryType kind, Uintn pages, uefi::PhysicalAddress* memory) {
    SERVICE(allocate_pages);
    if (type != uefi::AllocateType::any_pages || kind != uefi::MemoryType::loader_data)
      f.complaints_.add("AllocatePages of another kind");
    return f.memory_.allocate_pages(pages, memory);
  };
  s.free_pages = [](uefi::PhysicalAddress memory, Uintn pages) {
    // Refused or not: the program did what it could.
    const auto answer = g_firmware->ledger_.refusal(Service::free_pages);
    const Status done = g_firmware->memory_.free_pages(memory, pages);
    return answer.value_or(done);
  };
  s.get_memory_map = [](Uintn* bytes, uefi::MemoryDescriptor* map, Uintn*, Uintn* stride, uint32_t* version) {
    SERVICE(get_memory_map);
    *version = 1;
    return f.memory_.map(bytes, reinterpret_cast<uint8_t*>(map), stride);
  };
  s.allocate_pool = [](uefi::MemoryType, Uintn bytes, void** buffer) {
    SERVICE(allocate_pool);
    *buffer = f.memory_.allocate_pool(bytes);
    return Status::success;
  };
  s.free_pool = [](void* buffer) {
    const auto answer = g_firmware->ledger_.refusal(Service::free_pool);
    g_firmware->memory_.free_pool(buffer);
    return answer.value_or(Status::success);
  };
  s.create_event = [](uint32_t type, uefi::Tpl, uefi::NotifyFunction, void*, uefi::Event* event) {
    SERVICE(create_event);
    *event = reinterpret_cast<uefi::Event>(0x100000 + ++f.events_made_ * 8);
    f.events_.insert(*event);
    if (type & uefi::kEventTimer) f.timers_.insert(*event);
    return Status::success;
  };
  s.set_timer = [](uefi::Event event, uefi::TimerDelay, uint64_t) {
    SERVICE(set_timer);
    if (!f.timers_.count(event)) f.complaints_.add("SetTimer of what is no timer");
    return Status::success;
  };
  s.close_event = [](uefi::Event event) {
    g_firmware->timers_.erase(event);
    const auto answer = g_firmware->ledger_.refusal(Service::close_event);
    if (g_firmware->processors_.awaits(event))
      g_firmware->complaints_.add("an event is closed that firmware is to signal when other processors come back");
    if (g_firmware->network_.awaits(event)) g_firmware->complaints_.add("an event is closed that the network is to signal");
    if (!g_firmware->events_.erase(event)) g_firmware->complaints_.add("CloseEvent of what was not created");
    return answer.value_or(Status::success);
  };
  s.check_event = [](uefi::Event event) {
    FakeFirmware& f = *g_firmware;
    if (auto answer = f.ledger_.refusal(Service::check_event)) {
      if (*answer == Status::success) f.processors_.forget(event);  // it lies: the program may believe that all are back
      return *answer;
    }
    return f.network_.take_signal(event) || f.processors_.finished(event) ? Status::success : Status::not_ready;
  };
  s.wait_for_event = [](Uintn count, uefi::Event* events, Uintn* index) {
    for (Uintn i = 0; i < count; ++i)
      if (!events[i]) g_firmware->complaints_.add("WaitForEvent without an event");
    if (count && g_firmware->timers_.count(events[0])) {
      g_firmware->pass(10'000);
      // Whoever sits there sees that nothing goes on.
      if (++g_firmware->rests_ % 10 == 0) g_firmware->typist_.type();
      SERVICE(wait_for_event);
      *index = 0;
      return Status::success;
    }
    if (count != 1) g_firmware->complaints_.add("WaitForEvent for more than a key");
    g_firmware->pass(100'000);
    g_firmware->waits_.push_back({g_firmware->screen_.row(), uint32_t(g_firmware->screen_.state.cursor_column)});
    g_firmware->typist_.type();  // whatever becomes of the call, somebody sits there
    SERVICE(wait_for_event);
    *index = 0;
    return Status::success;
  };
  s.handle_protocol = [](uefi::Handle handle, const uefi::Guid* guid, void** found) {
    SERVICE(handle_protocol);
    *found = f.interface(handle, *guid);
    return *found ? Status::success : Status::unsupported;
  };
  s.locate_handle_buffer = [](uefi::SearchType, const uefi::Guid* guid, void*, Uintn* count, uefi::Handle** buffer) {
    SERVICE(locate_handle_buffer);
    std::vector<uefi::Handle> found;
    if (!guid || (*guid == uefi::Tcp4::kBindingGuid && f.network_.is_up())) found = {f.network_.card()};
    if (!found.empty()) {
      *count = found.size();
      *buffer = static_cast<uefi::Handle*>(f.memory_.allocate_pool(*count * sizeof(uefi::Handle)));
      std::copy(found.begin(), found.end(), *buffer);
      return Status::success;
    }
    if (!(*guid == uefi::SimpleFileSystem::kGuid) || !f.machine_.volumes) return Status::not_found;
    *count = f.machine_.broken_volumes + 1;
    *buffer = static_cast<uefi::Handle*>(f.memory_.allocate_pool(*count * sizeof(uefi::Handle)));
    for (uint32_t i = 0; i < *count; ++i) (*buffer)[*count - 1 - i] = f.volume_handle(i);
    return Status::success;
  };
  s.locate_device_path = [](const uefi::Guid*, uefi::DevicePathProtocol**, uefi::Handle* device) {
    SERVICE(locate_device_path);
    if (!f.network_.is_up() || !f.network_.boot_handle()) return Status::not_found;
    *device = f.network_.card();
    return Status::success;
  };
  s.connect_controller = [](uefi::Handle, uefi::Handle*, const uefi::DevicePathProtocol*, uefi::Boolean) {
    SERVICE(connect_controller);
    f.network_.connect();
    return Status::success;
  };
  s.locate_protocol = [](const uefi::Guid* guid, void*, void** found) {
    SERVICE(locate_protocol);
    *found = nullptr;
    if (*guid == uefi::GraphicsOutput::kGuid && f.machine_.screen) *found = &f.graphics_;
    if (*guid == uefi::SerialIo::kGuid && f.machine_.serial_line) *found = static_cast<uefi::SerialIo*>(&f.serial_);
    if (*guid == uefi::Rng::kGuid && f.machine_.rng) *found = static_cast<uefi::Rng*>(&f.rng_);
    if (*guid == uefi::MpServices::kGuid && f.machine_.mp_services)
      *found = static_cast<uefi::MpServices*>(&f.processors_);
    return *found ? Status::success : Status::not_found;
  };
  s.stall = [](Uintn microseconds) {
    SERVICE(stall);
    f.pass(microseconds);
    if (microseconds >= 10'000) f.typist_.type();  // long enough for somebody to press a key
    return Status::success;
  };
  s.set_watchdog_timer = [](Uintn seconds, uint64_t, Uintn, const uefi::Char16*) {
    SERVICE(set_watchdog_timer);
    f.watchdog_seconds_ = seconds;
    return Status::success;
  };
  return s;
}

uefi::RuntimeServices FakeFirmware::runtime_services() {
  uefi::RuntimeServices s{};
  s.get_time = [](uefi::Time* time, uefi::TimeCapabilities*) {
    SERVICE(get_time);
    if (!f.machine_.clock) return Status::device_error;
    const uint64_t seconds = fake_time::now() / 1'000'000'000;
    *time = {};
    time->hour = uint8_t(seconds / 3600 % 24);
    time->minute = uint8_t(seconds / 60 % 60);
    time->second = uint8_t(seconds % 60);
    return Status::success;
  };
  s.reset_system = [](uefi::ResetType type, Status, Uintn, const void*) {
    g_firmware->reset_ = type == uefi::ResetType::shutdown ? "shutdown" : "cold";  // and returns: it cannot
  };
  return s;
}

#undef SERVICE

/// Waits: other processors get time to work.
void FakeFirmware::pass(uint64_t microseconds) {
  fake_time::pass(microseconds * 1000);
  if (processors_.running()) std::this_thread::sleep_for(std::chrono::microseconds(50));
}

/// Complains of what was not given back.
void FakeFirmware::check_restored() {
  screen_.check_restored(complaints_);
  memory_.check_restored();
  if (!events_.empty()) complaints_.add("an event was not closed");
  if (const std::string wrong = fake_registers::complaint(); !wrong.empty()) complaints_.add(wrong);
  network_.check_restored();
  volume_.reset();  // complains of open files
  // The program's own books.
  const auto image = platform::memory_count(platform::MemoryUse::image);
  platform::count_memory(platform::MemoryUse::image, -int64_t(image.now));
  if (const uint64_t left = platform::memory_count().now) {
    complaints_.add("the program counts memory that it gave back");
    platform::count_memory(platform::MemoryUse::buffer, -int64_t(left));
  }
}

Outcome FakeFirmware::run(const Program& program) {
  g_firmware = this;
  fake_time::reset();
  fake_registers::reset();
  uefi::BootServices boot = boot_services();
  uefi::RuntimeServices runtime = runtime_services();
  uefi::SystemTable system{};
  system.header = {uefi::SystemTable::kSignature, 2 << 16 | 100, sizeof system, 0, 0};
  system.firmware_vendor = machine_.vendor ? u"Fake" : nullptr;
  system.console_in_handle = machine_.keyboard ? console_handle_ : nullptr;
  system.con_in = machine_.keyboard ? typist_.simple() : nullptr;
  system.con_out = machine_.console ? &screen_ : nullptr;
  system.runtime_services = &runtime;
  system.boot_services = &boot;

  Outcome result;
  result.status = program(image_handle_, &system);
  processors_.end();
  result.screen = screen_.text();
  result.waits = waits_;
  result.shown = screen_.shown();
  result.colors = screen_.colors();
  result.files = volume_->files;
  result.network_touched = network_.touched() || ledger_.calls(Service::connect_controller);
  result.told = network_.told();
  result.reset = reset_;
  result.watchdog_seconds = watchdog_seconds_;
  for (int i = 0; i < kServices; ++i) result.calls[i] = ledger_.calls(Service(i));
  check_restored();
  result.complaints = complaints_.text();
  g_firmware = nullptr;
  return result;
}

std::string g_story;  // what is being tried, for the message below

void never_came_back(int) {
  const std::string text = "\nthe program does not come back: " + g_story + "\n";
  (void)!write(STDERR_FILENO, text.data(), text.size());
  _exit(1);
}

/// Ends the test program when time is up, unless somebody else does: libFuzzer has an alarm of its own.
class Patience {
 public:
  Patience() : before_(std::signal(SIGALRM, never_came_back)) {
    if (before_ == SIG_DFL) alarm(kPatience);
    else std::signal(SIGALRM, before_);
  }
  ~Patience() {
    if (before_ != SIG_DFL) return;
    alarm(0);
    std::signal(SIGALRM, SIG_DFL);
  }

 private:
  void (*before_)(int);
};

const FakeMachine* g_machine = nullptr;

}  // namespace

Outcome start(const FakeMachine& machine, std::optional<Fault> fault, const Program& program) {
  g_story = fault ? fault->text() : "nothing is wrong";
  g_machine = &machine;
  const Patience patience;
  return FakeFirmware(machine, fault).run(program);
}

}  // namespace test

// In place of boot/embedded.cpp.
namespace boot {
rt::Span<const uint8_t> embedded_model() {
  return {test::g_machine->built_in_model.data(), test::g_machine->built_in_model.size()};
}
rt::Span<const uint8_t> embedded_tokenizer() {
  return {test::g_machine->built_in_tokenizer.data(), test::g_machine->built_in_tokenizer.size()};
}
}  // namespace boot
