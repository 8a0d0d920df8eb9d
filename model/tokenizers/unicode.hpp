#pragma once
#include "rt/arena.hpp"

namespace model {

/// What byte-level tokenizers ask about a character: Unicode's general categories L and N, and its property
/// White_Space.
enum class CharClass : uint8_t { other, letter, number, space };

/// The classes of all characters, unpacked for searching.
class CharClasses {
 public:
  static rt::Result<CharClasses> unpack(rt::Arena& arena);

  /// In a dozen steps. What is no character is `other`.
  CharClass of(char32_t c) const;

 private:
  rt::Span<uint32_t> runs_;  // first character of each run * 4 + its class, ascending
};

}  // namespace model
