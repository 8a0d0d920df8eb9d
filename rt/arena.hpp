#pragma once
#include "rt/memory.hpp"
#include "rt/result.hpp"

namespace rt {

/// Tag for placement new: `new (Placement{address}) T`. A type of our own, so that host tests may
/// include <new> beside it.
struct Placement {
  void* at;
};

}  // namespace rt

// Not noexcept: of what is, each caller asks whether it returned null.
inline void* operator new(size_t, rt::Placement place) { return place.at; }

namespace rt {

/// Where memory comes from: the firmware's pages, or a host's.
class PageAllocator {
 public:
  /// At least `bytes` (> 0) bytes, aligned to 4 KiB.
  virtual Result<Span<uint8_t>> allocate(uint64_t bytes) = 0;
  /// Takes back what allocate() gave.
  virtual void release(Span<uint8_t> memory) = 0;

 protected:
  ~PageAllocator() = default;
};

/// Hands out memory in order, and takes it back only by rewinding. Objects in it are never
/// destroyed, so they must not need it.
///
/// The memory is one range, or blocks that a PageAllocator is asked for: ahead by reserve(), else as
/// they are needed. What lies together must fit into one block.
class Arena {
 public:
  static constexpr uint64_t kAlign = 64;  // a cache line, and the widest vector
  /// Memory has holes, and some firmware refuses huge allocations.
  static constexpr uint64_t kMostBlock = 64 << 20;

  Arena() = default;
  /// `memory` should start on a multiple of kAlign, else the first few bytes are lost.
  explicit Arena(Span<uint8_t> memory) : own_{memory} {}
  explicit Arena(PageAllocator& pages) : pages_(&pages) {}
  Arena(Arena&& other) { *this = static_cast<Arena&&>(other); }
  Arena& operator=(Arena&& other);
  ~Arena() { release(); }

  /// `count` objects, value-initialised, 64-byte aligned. Fails with Errc::out_of_memory, whose
  /// detail is the number of bytes that were asked for.
  template <class T>
    requires(__is_trivially_destructible(T))
  Result<Span<T>> make(uint64_t count) {
    if constexpr (__is_trivially_constructible(T))
      return __builtin_bit_cast(Result<Span<T>>, take_zeros(count, sizeof(T)));
    Result<Span<T>> span = make_raw<T>(count);
    if (span)
      for (T& item : *span) new (Placement{&item}) T();
    return span;
  }

  /// As make(), but the memory holds whatever was there: for large arrays of plain numbers that
  /// are about to be filled.
  template <class T>
    requires(__is_trivially_destructible(T))
  Result<Span<T>> make_raw(uint64_t count) {
    return __builtin_bit_cast(Result<Span<T>>, take_many(count, sizeof(T)));
  }

  /// For what may lie in several pieces: of `count` > 0 units of `unit` bytes, a multiple of kAlign, as
  /// many as there is room for in one, at least one.
  Result<Span<uint8_t>> make_some(uint64_t unit, uint64_t count);

  /// Asks for blocks, so that `bytes` more can be handed out in pieces of up to `piece` bytes: as many
  /// may stay unused where a block ends. Where there is too little memory, gives the new ones back and
  /// fails. Blocks have kMostBlock bytes, and fewer only at the end and where memory has no such piece.
  Result<void> reserve(uint64_t bytes, uint64_t piece = 0);
  /// Gives all blocks back.
  void release();

  /// Bytes that were handed out, with what lies unused between them, and that could be.
  uint64_t used() const;
  uint64_t capacity() const;

  /// A place to come back to: everything made after `mark()` is forgotten by `rewind(mark)`, and
  /// everything by clear(). The blocks stay.
  class Mark;
  Mark mark() const;
  void rewind(const Mark& mark);
  void clear();

  /// An arena that only counts: what make_raw() hands out must not be touched. Running the same
  /// allocations on it first tells what they will take.
  static Arena counting() {
    return Arena({reinterpret_cast<uint8_t*>(kAlign), kCounted});
  }
  bool is_counting() const { return own_.memory.count == kCounted; }

 private:
  struct Block {
    Span<uint8_t> memory;
    uint64_t used = 0;
    Block* next = nullptr;
  };
  static constexpr uint64_t kCounted = uint64_t{1} << 62;
  static constexpr uint64_t kHeader = kAlign;  // of a block from a PageAllocator: the Block itself

  static uint64_t padding(const Block& block);
  static uint64_t room(const Block& block) { return block.memory.count - block.used - padding(block); }
  Block& now() { return now_ ? *now_ : own_; }
  const Block& now() const { return now_ ? *now_ : own_; }
  Result<uint8_t*> take(uint64_t bytes);
  // Where `count` objects of `size` bytes begin, and `count`: for all types one function.
  Result<Span<uint8_t>> take_many(uint64_t count, uint64_t size);
  Result<Span<uint8_t>> take_zeros(uint64_t count, uint64_t size);
  uint8_t* take_from(Block& block, uint64_t bytes);
  Result<Block*> add_block(uint64_t bytes);
  const Error& exhausted(uint64_t bytes) const;

  PageAllocator* pages_ = nullptr;
  Block own_;             // the range, or no memory and the first block behind it
  Block* now_ = nullptr;  // the block in use; null: own_
};

class Arena::Mark {
 private:
  friend Arena;
  Block* block = nullptr;
  uint64_t used = 0;
};

inline void Arena::clear() { rewind({}); }

}  // namespace rt
