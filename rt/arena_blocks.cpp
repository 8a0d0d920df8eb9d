#include "rt/arena.hpp"

namespace rt {

Arena& Arena::operator=(Arena&& other) {
  if (this == &other) return *this;
  release();
  pages_ = other.pages_;
  own_ = other.own_;
  now_ = other.now_;
  other.pages_ = nullptr;
  other.own_ = {};
  other.now_ = nullptr;
  return *this;
}

uint64_t Arena::padding(const Block& block) {
  const uint64_t address = reinterpret_cast<uint64_t>(block.memory.data) + block.used;
  return min(round_up(address, kAlign) - address, block.memory.count - block.used);
}

Result<uint8_t*> Arena::take(uint64_t bytes) {
  for (Block* block = &now(); block; block = block->next)
    if (uint8_t* at = take_from(*block, bytes)) {
      if (block != &own_) now_ = block;
      return at;
    }
  if (!pages_ || bytes > ~uint64_t{0} - 2 * kHeader) return exhausted(bytes);
  Result<Block*> block = add_block(bytes + kHeader);
  if (!block) return block.error();
  now_ = *block;
  return take_from(*now_, bytes);
}

Result<Span<uint8_t>> Arena::take_many(uint64_t count, uint64_t size) {
  uint64_t bytes = 0;
  if (__builtin_mul_overflow(count, size, &bytes)) return exhausted(~uint64_t{0});
  Result<uint8_t*> at = take(bytes);
  if (!at) return at.error();
  return Span<uint8_t>{*at, count};
}

Result<Span<uint8_t>> Arena::take_zeros(uint64_t count, uint64_t size) {
  Result<Span<uint8_t>> span = take_many(count, size);
  if (span) fill_bytes(span->data, 0, count * size);
  return span;
}

Result<Span<uint8_t>> Arena::make_some(uint64_t unit, uint64_t count) {
  for (Block* block = &now(); block; block = block->next) {
    const uint64_t bytes = min(count, room(*block) / unit) * unit;
    uint8_t* at = bytes ? take_from(*block, bytes) : nullptr;
    if (!at) continue;
    if (block != &own_) now_ = block;
    return Span<uint8_t>{at, bytes};
  }
  const uint64_t bytes = max<uint64_t>(1, min(count, kMostBlock / unit)) * unit;
  Result<uint8_t*> at = take(bytes);
  if (!at) return at.error();
  return Span<uint8_t>{*at, bytes};
}

/// Puts a block of `bytes` or a few more behind all others.
Result<Arena::Block*> Arena::add_block(uint64_t bytes) {
  Result<Span<uint8_t>> memory = pages_->allocate(bytes);
  if (!memory) return memory.error();
  Block* last = &own_;
  while (last->next) last = last->next;
  return last->next = new (Placement{memory->data}) Block{*memory, kHeader, nullptr};
}

Result<void> Arena::reserve(uint64_t bytes, uint64_t piece) {
  constexpr uint64_t kLeastBlock = 1 << 20, kMostBytes = uint64_t{1} << 52;
  piece = round_up(piece, kAlign);
  // What is left after a block with so much room.
  const auto count = [&](uint64_t room) {
    bytes -= room >= bytes ? bytes : room - min(room, piece);
  };
  Block* last = &now();
  count(room(*last));
  for (; last->next; last = last->next) count(last->next->memory.count - kHeader);
  if (bytes && (!pages_ || bytes > kMostBytes)) return exhausted(bytes);
  for (uint64_t most = kMostBlock; bytes;) {
    const uint64_t wanted = min(most, bytes + kHeader);
    Result<Block*> block = add_block(wanted);
    if (block) {
      count((*block)->memory.count - kHeader);
      continue;
    }
    most = wanted / 2;
    if (wanted > rt::max(kLeastBlock, 4 * piece)) continue;
    for (Block* added = last->next; added;) {
      Block* const next = added->next;
      pages_->release(added->memory);
      added = next;
    }
    last->next = nullptr;
    return block.error();
  }
  return {};
}

void Arena::release() {
  while (Block* block = own_.next) {
    own_.next = block->next;
    pages_->release(block->memory);
  }
  now_ = nullptr;
}

uint64_t Arena::used() const {
  uint64_t bytes = 0;
  for (const Block* block = &own_;; block = block->next) {
    bytes += block->used;
    if (block == &now()) return bytes;
  }
}

uint64_t Arena::capacity() const {
  uint64_t bytes = 0;
  for (const Block* block = &own_; block; block = block->next) bytes += block->memory.count;
  return bytes;
}

Arena::Mark Arena::mark() const {
  Mark mark;
  mark.block = now_;
  mark.used = now().used;
  return mark;
}

void Arena::rewind(const Mark& mark) {
  now_ = mark.block;
  now().used = mark.used;
  for (Block* block = now().next; block; block = block->next) block->used = kHeader;
}

const Error& Arena::exhausted(uint64_t bytes) const {
  return fail(Errc::out_of_memory, bytes, "out of memory: %'llu bytes wanted, %'llu left of %'llu",
              static_cast<unsigned long long>(bytes),
              static_cast<unsigned long long>(own_.memory.count - own_.used),
              static_cast<unsigned long long>(own_.memory.count));
}

}  // namespace rt
