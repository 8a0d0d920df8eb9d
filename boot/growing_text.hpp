#pragma once
#include "boot/platform/pages.hpp"
#include "rt/format.hpp"

namespace boot {

/// Bytes that become more and fewer, in pages that only become more.
class GrowingText {
 public:
  /// `what` names the owner where memory is too small.
  explicit GrowingText(const char* what) : what_(what) {}

  rt::Text text() const { return {reinterpret_cast<const char*>(pages_.memory().data), size_}; }
  /// Makes room for `bytes` more. Where that fails, all is as it was.
  rt::Result<void> reserve(uint64_t bytes);
  /// Adds a piece that there is room for.
  void append(const rt::Text& piece);
  /// Leaves `size` bytes.
  void cut(uint64_t size) { size_ = size; }

 private:
  platform::Pages pages_;
  uint64_t size_ = 0;
  const char* what_;
};

/// What is printed to it becomes part of a text, as far as memory reaches.
class GrowingSink final : public rt::Sink {
 public:
  explicit GrowingSink(GrowingText& to) : to_(to) {}
  void write(rt::Text text) override;

  rt::Result<void> done{};

 private:
  GrowingText& to_;
};

}  // namespace boot
