#include "boot/server/outbox.hpp"

#include "rt/memory.hpp"

namespace server {

void Outbox::write(rt::Text text) {
  const uint64_t n = rt::min(text.size, room());
  rt::copy_bytes(bytes_ + end_, text.data, n);
  end_ += n;
}

void Outbox::clear() {
  sent_ = end_ = 0;
  tail_ = {};
}

void Outbox::flush(Wire& wire) {
  if (sent_ < end_) sent_ += wire.write({reinterpret_cast<const uint8_t*>(bytes_) + sent_, end_ - sent_});
  if (sent_ < end_) return;
  sent_ = end_ = 0;
  if (tail_.empty()) return;
  tail_ = tail_.from(wire.write({reinterpret_cast<const uint8_t*>(tail_.data), tail_.size}));
}

uint64_t Outbox::reserve(uint32_t width) {
  const uint64_t where = end_;
  for (uint32_t i = 0; i < width; ++i) write(" ");
  return where;
}

void Outbox::fill_in(uint64_t where, uint32_t width, uint64_t number, uint32_t base) {
  char* const place = bytes_ + where;
  for (uint32_t i = width; i-- > 0; number /= base)
    place[i] = number || base == 16 || i + 1 == width ? "0123456789abcdef"[number % base] : ' ';
}

}  // namespace server
