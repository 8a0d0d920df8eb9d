#include "rt/sha256.hpp"

#include "rt/memory.hpp"

namespace rt {
namespace {

// FIPS 180-4, 4.2.2: the first 32 bits of the fractional parts of the first 64 primes' cube roots.
constexpr uint32_t kRound[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

uint32_t rotate(uint32_t x, int n) { return x >> n | x << (32 - n); }

uint32_t load_big(const uint8_t* from) { return __builtin_bswap32(load<uint32_t>(from)); }

void store_big(uint8_t* to, uint32_t value) {
  for (int i = 0; i < 4; ++i) to[i] = uint8_t(value >> (24 - 8 * i));
}

}  // namespace

void Sha256::compress(const uint8_t* block) {
  uint32_t w[16];  // the last 16 words of the message schedule
  for (int t = 0; t < 16; ++t) w[t] = load_big(block + 4 * t);

  uint32_t a = state_[0], b = state_[1], c = state_[2], d = state_[3];
  uint32_t e = state_[4], f = state_[5], g = state_[6], h = state_[7];
  for (int t = 0; t < 64; ++t) {
    uint32_t& wt = w[t % 16];
    if (t >= 16) {
      const uint32_t w2 = w[(t - 2) % 16], w15 = w[(t - 15) % 16];
      wt += w[(t - 7) % 16] + (rotate(w2, 17) ^ rotate(w2, 19) ^ w2 >> 10) +
            (rotate(w15, 7) ^ rotate(w15, 18) ^ w15 >> 3);
    }
    const uint32_t t1 =
        h + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) + ((e & f) ^ (~e & g)) + kRound[t] + wt;
    const uint32_t t2 =
        (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
    h = g, g = f, f = e, e = d + t1;
    d = c, c = b, b = a, a = t1 + t2;
  }
  const uint32_t sum[8] = {a, b, c, d, e, f, g, h};
  for (int i = 0; i < 8; ++i) state_[i] += sum[i];
}

void Sha256::update(Span<const uint8_t> bytes) {
  const uint64_t waiting = size_ % 64;
  size_ += bytes.count;
  if (waiting) {
    const uint64_t n = min(bytes.count, 64 - waiting);
    copy_bytes(block_ + waiting, bytes.data, n);
    bytes = bytes.from(n);
    if (waiting + n < 64) return;
    compress(block_);
  }
  for (; bytes.count >= 64; bytes = bytes.from(64)) compress(bytes.data);
  copy_bytes(block_, bytes.data, bytes.count);
}

Digest Sha256::finish() {
  const uint64_t bits = size_ * 8;
  // A 1 bit, zeros up to 8 bytes before the end of a block, and the length.
  uint8_t tail[72] = {0x80};
  const uint64_t zeros = (64 + 55 - size_ % 64) % 64;
  store_big(tail + 1 + zeros, uint32_t(bits >> 32));
  store_big(tail + 5 + zeros, uint32_t(bits));
  update({tail, zeros + 9});

  Digest digest;
  for (int i = 0; i < 8; ++i) store_big(digest.bytes + 4 * i, state_[i]);
  return digest;
}

Text to_hex(const Digest& digest, char (&out)[65]) {
  for (int i = 0; i < 64; ++i)
    out[i] = "0123456789abcdef"[digest.bytes[i / 2] >> (i % 2 ? 0 : 4) & 15];
  out[64] = 0;
  return {out, 64};
}

}  // namespace rt
