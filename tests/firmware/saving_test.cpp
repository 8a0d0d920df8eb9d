// Saving a file, on volumes that are full, write-protected, or gone before it ends.
#include "boot/platform/firmware.hpp"
#include "boot/platform/saving.hpp"

#include <gtest/gtest.h>

#include "tests/firmware/scenarios.hpp"

namespace {

using platform::Replace;
using test::Bytes;
using test::Fault;
using test::FakeMachine;
using test::Outcome;
using test::Service;
using uefi::Status;

const char* const kPath = "\\notes\\story.txt";
const Bytes kOld = test::to_bytes("an older story"), kNew = Bytes(1'200'000, 'n');
constexpr Service kServices[] = {Service::handle_protocol, Service::open_volume, Service::open, Service::close,
                                 Service::delete_file, Service::write, Service::get_info, Service::set_info,
                                 Service::flush};

FakeMachine machine(bool with_old) {
  FakeMachine made;
  made.files = {{"\\models\\default.bin", test::to_bytes("weights")}, {"\\notes\\other.txt", {}}};
  if (with_old) made.files[kPath] = kOld;
  return made;
}

/// Saves kNew; the status is that of the error, the screen its sentence.
Outcome save(const FakeMachine& machine, Replace replace, std::optional<Fault> fault = {}) {
  std::string sentence;
  Outcome outcome = test::start(machine, fault, [&](uefi::Handle image, uefi::SystemTable* system) {
    platform::set_firmware(image, system);
    const rt::Result<void> done =
        platform::save_file(kPath, {reinterpret_cast<const char*>(kNew.data()), kNew.size()}, replace);
    if (done) return Status::success;
    sentence = done.error().text;
    return Status::aborted;
  });
  outcome.screen = sentence;
  return outcome;
}

/// The file is whole, as it was or as it is to be; nothing else has changed. Where a volume lets nothing be deleted
/// or renamed any more, the old file may have another name, and something may lie beside: never is it lost.
void expect_nothing_lost(const FakeMachine& machine, const Outcome& run, bool helpless) {
  EXPECT_EQ(run.complaints, "");
  const bool had_old = machine.files.count(kPath);
  std::map<std::string, Bytes> left = run.files;
  bool safe = !had_old;
  if (run.status == Status::success) safe = left.count(kPath) && left[kPath] == kNew;
  else if (left.count(kPath)) safe = left[kPath] == kOld;
  else if (const auto aside = left.find("\\notes\\llama-old.tmp"); aside != left.end())
    safe = aside->second == kOld &&
           run.screen.find("what was there is now \\notes\\llama-old.tmp") != std::string::npos;
  EXPECT_TRUE(safe) << run.screen;
  EXPECT_EQ(run.status == Status::success, run.screen.empty());
  left.erase(kPath);
  if (helpless) {
    left.erase("\\notes\\llama-new.tmp");
    left.erase("\\notes\\llama-old.tmp");
  }
  std::map<std::string, Bytes> others = machine.files;
  others.erase(kPath);
  EXPECT_EQ(left, others) << run.screen;
}

TEST(Saving, WritesNewFilesAndReplacesOnlyWhenAsked) {
  for (const bool with_old : {false, true})
    for (const Replace replace : {Replace::no, Replace::yes}) {
      const Outcome run = save(machine(with_old), replace);
      const bool done = !with_old || replace == Replace::yes;
      EXPECT_EQ(run.status, done ? Status::success : Status::aborted);
      EXPECT_EQ(run.files.at(kPath), done ? kNew : kOld);
      EXPECT_EQ(run.screen, done ? "" : "\\notes\\story.txt: there is such a file already");
      expect_nothing_lost(machine(with_old), run, false);
      EXPECT_EQ(run.files.size(), 3u);
    }
}

TEST(Saving, LosesNothingWhateverGoesWrong) {
  for (const bool with_old : {false, true}) {
    const FakeMachine on = machine(with_old);
    const Outcome natural = save(on, Replace::yes);
    for (const Service service : kServices) {
      ASSERT_GT(natural.calls[int(service)] + !with_old, 0u) << test::name(service);
      for (uint64_t call = 1; call <= natural.calls[int(service)] + 1; ++call)
        for (const Status status : {Status::device_error, Status::not_found, Status::volume_full})
          for (const bool for_good : {false, true}) {
            const Fault fault{service, call, for_good, Fault::Kind::refusal, status};
            SCOPED_TRACE(fault.text());
            // What is not there, firmware says, cannot be kept.
            if (service == Service::open && status == Status::not_found) continue;
            const bool helpless =
                for_good || service == Service::delete_file || (with_old && service == Service::open);
            expect_nothing_lost(on, save(on, Replace::yes, fault), helpless);
            if (HasFailure()) return;
          }
    }
  }
}

TEST(Saving, RenamesNothingThatFirmwareSaysNothingOf) {
  for (uint64_t call = 1; call <= 4; ++call) {
    const Fault lie{Service::get_info, call, false, Fault::Kind::lie, {}};
    expect_nothing_lost(machine(true), save(machine(true), Replace::yes, lie), false);
  }
}

TEST(Saving, LosesNothingWhenTheVolumeIsPulledOut) {
  for (const bool with_old : {false, true}) {
    FakeMachine on = machine(with_old);
    int failed = 0;
    for (on.volume_lasts = 0;; ++on.volume_lasts) {
      SCOPED_TRACE(on.volume_lasts);
      const Outcome run = save(on, Replace::yes);
      expect_nothing_lost(on, run, true);
      if (run.status == Status::success) break;
      EXPECT_NE(run.screen.find("EFI_NO_MEDIA"), std::string::npos) << run.screen;
      ++failed;
    }
    EXPECT_GT(failed, 8);
  }
}

TEST(Saving, LeavesNothingOnAFullVolume) {
  for (const bool with_old : {false, true})
    for (const uint64_t room : {0, 1, 5, 600'000, 1'199'999}) {
      FakeMachine on = machine(with_old);
      on.free_bytes = room;
      const Outcome run = save(on, Replace::yes);
      EXPECT_EQ(run.files, on.files);
      EXPECT_NE(run.screen.find("EFI_VOLUME_FULL"), std::string::npos) << run.screen;
      EXPECT_TRUE(run.screen.starts_with(kPath)) << run.screen;
    }
}

TEST(Saving, LeavesAWriteProtectedVolumeAlone) {
  FakeMachine on = machine(true);
  on.read_only = true;
  const Outcome run = save(on, Replace::yes);
  EXPECT_EQ(run.files, on.files);
  EXPECT_NE(run.screen.find("EFI_WRITE_PROTECTED"), std::string::npos) << run.screen;
}

TEST(Saving, DoesWithoutRenamingWhereNothingIsReplaced) {
  FakeMachine on = machine(false);
  on.renames = false;
  const Outcome fresh = save(on, Replace::no);
  EXPECT_EQ(fresh.status, Status::success) << fresh.screen;
  EXPECT_EQ(fresh.files.at(kPath), kNew);
  EXPECT_EQ(fresh.files.size(), 3u);
  on = machine(true);
  on.renames = false;
  const Outcome refused = save(on, Replace::yes);
  EXPECT_EQ(refused.screen, "\\notes\\story.txt: cannot be renamed: EFI_UNSUPPORTED");
  EXPECT_EQ(refused.files, on.files);
}

TEST(Saving, ClearsWhatALostStartLeftBehind) {
  FakeMachine on = machine(true);
  on.files["\\notes\\llama-new.tmp"] = on.files["\\notes\\llama-old.tmp"] = test::to_bytes("half");
  const Outcome run = save(on, Replace::yes);
  EXPECT_EQ(run.files.at(kPath), kNew);
  EXPECT_EQ(run.files.size(), 3u);
}

TEST(Saving, NeverTouchesWhatAMachineStartsOrTheProgramReads) {
  for (const char* path : {
           "\\EFI\\BOOT\\BOOTX64.EFI", "/efi/story.txt", "EFI\\a\\story.txt", "\\\\Efi/story.txt",
           "\\notes\\..\\EFI\\story.txt",
           "\\.\\EFI\\story.txt", "\\EFI.\\story.txt", "\\EFI \\story.txt", "\\EFI", "\\efi\\",
           "\\models\\a.bin", "\\models\\A.BIN", "a.gguf", "\\a.Gguf", "\\models\\a-tokenizer.bin",
           "\\models\\a.bin.sha256",
           "\\llama.cfg", "\\notes\\LLAMA.CFG", "\\llama.cfg.", "\\llama.cfg ", "\\llama.efi", "\\startup.nsh",
           "\\MODELS\\DEFAUL~1.BIN", "\\LLAMA~1.TXT", "\\models\\a.bin:b.txt", "\\a\x01.txt", "\\a\x7f", "\\a*", "\\a?",
           "\\notes\\llama-new.tmp", "\\LLAMA-OLD.TMP", "", "\\", "\\notes\\", "/", " a.txt"})
    EXPECT_FALSE(platform::check_save_path(path)) << path;
  for (const char* path : {"story.txt", "\\story.txt", "/notes/story.txt", "\\notes\\EFI\\story.txt", "\\EFIS\\a",
                           "a bin", "\\n\\llama.cfg.txt",
                           "\\bin", "\\h\xc3\xa9\xc3\xa9.txt", "\\.hidden"})
    EXPECT_TRUE(platform::check_save_path(path)) << path;
}

}  // namespace
