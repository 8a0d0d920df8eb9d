#include "boot/growing_text.hpp"

#include "rt/memory.hpp"

namespace boot {

rt::Result<void> GrowingText::reserve(uint64_t bytes) {
  constexpr uint64_t kLeast = 64 * 1024;
  if (size_ + bytes <= pages_.memory().count) return {};
  platform::Pages larger;
  if (rt::Result<void> done = larger.allocate(rt::max(2 * (size_ + bytes), kLeast), platform::MemoryUse::buffer, what_);
      !done)
    return done;
  rt::copy_bytes(larger.memory().data, pages_.memory().data, size_);
  pages_ = static_cast<platform::Pages&&>(larger);
  return {};
}

void GrowingText::append(const rt::Text& piece) {
  rt::copy_bytes(pages_.memory().data + size_, piece.data, piece.size);
  size_ += piece.size;
}

void GrowingSink::write(rt::Text text) {
  if (done) done = to_.reserve(text.size);
  if (done) to_.append(text);
}

}  // namespace boot
