#pragma once
#include <map>
#include <set>
#include <string>
#include <vector>

#include "tests/firmware/faults.hpp"
#include "uefi_headers/simple_file_system.hpp"

namespace test {

using Bytes = std::vector<uint8_t>;

/// A volume: files by their paths (\models\default.bin), directories wherever a path needs them.
class FakeVolume : public uefi::SimpleFileSystem {
 public:
  FakeVolume(Ledger& ledger, Complaints& complaints, std::map<std::string, Bytes> files);
  FakeVolume(const FakeVolume&) = delete;
  ~FakeVolume();

  std::map<std::string, Bytes> files;
  uint64_t largest_read = ~uint64_t{0};  // bytes that one Read gives at most
  uint64_t refused_read = ~uint64_t{0};  // larger reads fail, as on some firmware
  uint64_t read_milliseconds = 0;        // that one Read takes
  bool read_only = false;
  uint64_t free_bytes = ~uint64_t{0};
  bool broken = false;  // OpenVolume fails
  bool renames = true;
  uint64_t lasts = ~uint64_t{0};  // calls until somebody pulls it out
  bool changing = false;  // a byte that is read again is another one


 private:
  struct Open;
  uefi::Status open(std::string path, uint64_t mode, uefi::FileProtocol** opened);
  const Fault* call(Service service);
  std::optional<uefi::Status> refusal(Service service);
  bool is_directory(const std::string& path) const;
  std::vector<std::string> entries(const std::string& path) const;

  Ledger& ledger_;
  Complaints& complaints_;
  std::set<Open*> open_;
  uint64_t calls_ = 0;
  std::map<std::string, Bytes> times_read_;  // by the bytes of each file
};

}  // namespace test
