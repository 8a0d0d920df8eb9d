#pragma once
#include "boot/platform/medium.hpp"

namespace boot {

/// A model's file, and where the model is split over several, those that lie beside it.
class ModelSource final : public rt::ByteSource {
 public:
  /// `file`: the first, not in memory, opened as `path` in `place`. Everything must outlive this.
  ModelSource(platform::Input& file, const platform::Place& place, rt::Text path, const platform::Patience& patience,
              rt::Span<uint8_t> buffer)
      : file_(file), place_(place), path_(path), patience_(patience), source_(file.readable(), buffer) {}

  rt::Text name() const override { return source_.name(); }
  uint64_t size() const override { return source_.size(); }
  rt::Result<rt::Span<const uint8_t>> next(uint64_t most) override { return source_.next(most); }
  rt::Result<void> open_part(uint32_t number, uint32_t count) override;

 private:
  platform::Input& file_;
  platform::Place place_;
  rt::Text path_;
  const platform::Patience& patience_;
  platform::FileSource source_;
};

}  // namespace boot
