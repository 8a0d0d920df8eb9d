#pragma once
#include "boot/server/wire.hpp"
#include "rt/format.hpp"

namespace server {

/// Bytes on their way to a client, in a fixed room. Whoever writes looks at room() first.
class Outbox final : public rt::Sink {
 public:
  static constexpr uint32_t kBytes = 8 * 1024;

  using Sink::write;
  void write(rt::Text text) override;
  uint64_t room() const { return kBytes - end_; }
  uint64_t waiting() const { return end_ - sent_ + tail_.size; }
  /// What is sent behind all that was written; it stays where it is.
  void set_tail(rt::Text text) { tail_ = text; }
  void clear();

  /// Hands over what the wire takes.
  void flush(Wire& wire);

  /// A number of `width` places that will be known later: reserve() leaves room for it, and says where.
  uint64_t reserve(uint32_t width);
  void fill_in(uint64_t where, uint32_t width, uint64_t number, uint32_t base);
  uint64_t end() const { return end_; }
  /// Forgets what was written behind `where`.
  void cut(uint64_t where) { end_ = where; }

 private:
  rt::Text tail_;
  uint64_t sent_ = 0, end_ = 0;  // bytes_[sent_, end_) are still to be sent
  char bytes_[kBytes];
};

}  // namespace server
