#pragma once
#include "rt/span.hpp"

namespace rt {

/// A SHA-256 hash value (FIPS 180-4).
struct Digest {
  uint8_t bytes[32] = {};
  bool operator==(const Digest&) const = default;
};

/// SHA-256 of what update() was given, in any number of pieces.
class Sha256 {
 public:
  void update(Span<const uint8_t> bytes);
  /// The hash; the object is not to be used after it.
  Digest finish();

 private:
  void compress(const uint8_t* block);

  uint32_t state_[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                        0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  uint64_t size_ = 0;       // bytes so far
  uint8_t block_[64] = {};  // its first size_ % 64 bytes wait for the others
};

/// The 64 lower-case hex digits of `digest`, in `out`.
Text to_hex(const Digest& digest, char (&out)[65]);

}  // namespace rt
