#pragma once
#include "boot/platform/volumes.hpp"
#include "rt/source.hpp"

namespace boot {

/// A file to read: on a volume, or inside the program.
class Input {
 public:
  Input() = default;
  explicit Input(platform::File&& file) : file_(static_cast<platform::File&&>(file)) {}
  Input(rt::Text name, rt::Span<const uint8_t> memory) : name_(name), memory_(memory) {}

  rt::Text name() const { return memory_.empty() ? file_.name() : name_; }
  bool in_memory() const { return !memory_.empty(); }
  uint64_t size() const { return memory_.empty() ? file_.size() : memory_.count; }

  /// Calls use(rt::ByteSource&), which returns an rt::Result, with the bytes from the start.
  /// `buffer`: what a file is read through.
  template <class Use>
  auto read(rt::Span<uint8_t> buffer, Use use) -> decltype(use(*static_cast<rt::ByteSource*>(nullptr))) {
    if (!memory_.empty()) {
      rt::MemorySource source(name_, memory_);
      return use(source);
    }
    if (rt::Result<void> done = file_.seek(0); !done) return done.error();
    platform::FileSource source(file_, buffer);
    return use(source);
  }

 private:
  platform::File file_;
  rt::Text name_;
  rt::Span<const uint8_t> memory_;
};

}  // namespace boot
