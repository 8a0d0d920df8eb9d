#pragma once
#include <string>
#include <vector>

#include "rt/source.hpp"

namespace test {

/// A file of the host, in chunks.
class FileSource final : public rt::ByteSource {
 public:
  /// Throws std::system_error where the file cannot be opened.
  explicit FileSource(const std::string& path);
  ~FileSource();

  rt::Text name() const override { return {path_.data(), path_.size()}; }
  uint64_t size() const override { return size_; }
  rt::Result<rt::Span<const uint8_t>> next(uint64_t most) override;
  rt::Result<void> open_part(uint32_t number, uint32_t count) override;

 private:
  bool open();

  std::string first_, path_;
  int descriptor_ = -1;
  uint64_t size_ = 0;
  std::vector<uint8_t> chunk_;
  uint64_t from_ = 0, to_ = 0;  // what chunk_ holds that was not handed out yet
};

}  // namespace test
