#include "model/formats/stored_types.hpp"

#include "rt/memory.hpp"
#include "rt/span.hpp"

namespace model {
namespace {

constexpr uint64_t kEach = 0x0101010101010101;  // times a byte: that byte eight times

uint16_t half_at(const uint8_t* p) { return rt::load<uint16_t>(p); }

/// out[i] = (from[i] >> shift & mask) << up, or that added to what is there; eight bytes at a time.
void put_bits(int8_t* out, const uint8_t* from, uint32_t n, uint32_t shift, uint32_t mask) {
  for (uint32_t i = 0; i < n; i += 8) {
    const uint64_t v = rt::load<uint64_t>(from + i) >> shift & kEach * mask;
    __builtin_memcpy(out + i, &v, 8);
  }
}
void add_bits(int8_t* out, const uint8_t* from, uint32_t n, uint32_t shift, uint32_t mask, uint32_t up) {
  for (uint32_t i = 0; i < n; i += 8) {
    uint64_t v;
    __builtin_memcpy(&v, out + i, 8);
    v |= (rt::load<uint64_t>(from + i) >> shift & kEach * mask) << up;
    __builtin_memcpy(out + i, &v, 8);
  }
}

/// out[i] -= zero, for numbers from 0 to 127.
void subtract(int8_t* out, uint32_t n, uint32_t zero) {
  for (uint32_t i = 0; i < n; i += 8) {
    uint64_t v;
    __builtin_memcpy(&v, out + i, 8);
    v = ((v | kEach * 0x80) - kEach * zero) ^ kEach * 0x80;  // the top bits keep bytes from borrowing
    __builtin_memcpy(out + i, &v, 8);
  }
}

/// 16 bytes: columns 0 to 15 in the low halves, 16 to 31 in the high ones.
void nibbles(const uint8_t* from, StoredBlock& b, uint32_t group = 0) {
  put_bits(b.q + 32 * group, from, 16, 0, 15);
  put_bits(b.q + 32 * group + 16, from, 16, 4, 15);
}

/// Adds 16 to column c where bit c of 32 is set.
void fifth_bits(const uint8_t* from, StoredBlock& b) {
  for (uint32_t i = 0; i < 4; ++i) {
    uint64_t v;
    __builtin_memcpy(&v, b.q + 8 * i, 8);
    // Byte j keeps bit j; adding 0x7f takes any bit to the top.
    v |= (((from[i] * kEach & 0x8040201008040201) + kEach * 0x7f) & kEach * 0x80) >> 3;
    __builtin_memcpy(b.q + 8 * i, &v, 8);
  }
}

void q8_0(const uint8_t* p, StoredBlock& b) {
  b.d = half_at(p);
  __builtin_memcpy(b.q, p + 2, 32);
}
void q4_0(const uint8_t* p, StoredBlock& b) {
  b.d = half_at(p);
  nibbles(p + 2, b);
}
void q4_1(const uint8_t* p, StoredBlock& b) {
  b.d = half_at(p);
  b.m = half_at(p + 2);
  nibbles(p + 4, b);
}
void q5_0(const uint8_t* p, StoredBlock& b) {
  b.d = half_at(p);
  nibbles(p + 6, b);
  fifth_bits(p + 2, b);
  subtract(b.q, 32, 16);
}
void q5_1(const uint8_t* p, StoredBlock& b) {
  b.d = half_at(p);
  b.m = half_at(p + 2);
  nibbles(p + 8, b);
  fifth_bits(p + 4, b);
}

/// Eight scales and minimums of six bits in twelve bytes. Minimums are subtracted: m changes its sign.
void k_scales(const uint8_t* p, StoredBlock& b) {
  b.d = half_at(p);
  b.m = half_at(p + 2) ^ 0x8000;
  const uint8_t* s = p + 4;
  for (uint32_t g = 0; g < 4; ++g) {
    b.scale[g] = static_cast<int8_t>(s[g] & 63);
    b.minimum[g] = static_cast<int8_t>(s[g + 4] & 63);
    b.scale[g + 4] = static_cast<int8_t>((s[g + 8] & 15) | s[g] >> 6 << 4);
    b.minimum[g + 4] = static_cast<int8_t>(s[g + 8] >> 4 | s[g + 4] >> 6 << 4);
  }
}
void k_nibbles(const uint8_t* n, StoredBlock& b) {
  for (uint32_t pair = 0; pair < 4; ++pair) {
    put_bits(b.q + 64 * pair, n + 32 * pair, 32, 0, 15);
    put_bits(b.q + 64 * pair + 32, n + 32 * pair, 32, 4, 15);
  }
}
void q4_k(const uint8_t* p, StoredBlock& b) {
  k_scales(p, b);
  k_nibbles(p + 16, b);
}
void q5_k(const uint8_t* p, StoredBlock& b) {
  k_scales(p, b);
  k_nibbles(p + 48, b);
  for (uint32_t g = 0; g < 8; ++g) add_bits(b.q + 32 * g, p + 16, 32, g, 1, 4);
}
void q6_k(const uint8_t* p, StoredBlock& b) {
  b.d = half_at(p + 208);
  __builtin_memcpy(b.scale, p + 192, 16);
  for (uint32_t g = 0; g < 8; ++g) {
    const uint32_t half = g / 4, quarter = g % 4;
    put_bits(b.q + 32 * g, p + 64 * half + 32 * (quarter % 2), 32, quarter / 2 * 4, 15);
    add_bits(b.q + 32 * g, p + 128 + 32 * half, 32, 2 * quarter, 3, 4);
  }
  subtract(b.q, 256, 32);
}

void two_bits(const uint8_t* q, StoredBlock& b) {
  for (uint32_t g = 0; g < 8; ++g) put_bits(b.q + 32 * g, q + 32 * (g / 4), 32, 2 * (g % 4), 3);
}
void q2_k(const uint8_t* p, StoredBlock& b) {
  b.d = half_at(p + 80);
  b.m = half_at(p + 82) ^ 0x8000;
  for (uint32_t u = 0; u < 16; ++u) {
    b.scale[u] = static_cast<int8_t>(p[u] & 15);
    b.minimum[u] = static_cast<int8_t>(p[u] >> 4);
  }
  two_bits(p + 16, b);
}
void q3_k(const uint8_t* p, StoredBlock& b) {
  b.d = half_at(p + 108);
  const uint8_t* s = p + 96;
  for (uint32_t u = 0; u < 16; ++u) {
    const uint32_t low = s[u % 8] >> u / 8 * 4 & 15, high = s[8 + u % 4] >> u / 4 * 2 & 3;
    b.scale[u] = static_cast<int8_t>(int32_t(low | high << 4) - 32);
  }
  two_bits(p + 32, b);
  for (uint32_t g = 0; g < 8; ++g) add_bits(b.q + 32 * g, p, 32, g, 1, 2);
}

/// What the four bits of the IQ4 types stand for.
constexpr int8_t kIq4[16] = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};

void look_up(StoredBlock& b, uint32_t n) {
  for (uint32_t i = 0; i < n; ++i) b.q[i] = kIq4[b.q[i]];
}
void iq4_nl(const uint8_t* p, StoredBlock& b) {
  q4_0(p, b);
  look_up(b, 32);
}
void iq4_xs(const uint8_t* p, StoredBlock& b) {
  b.d = half_at(p);
  const uint32_t high = half_at(p + 2);
  for (uint32_t g = 0; g < 8; ++g) {
    const uint32_t low = p[4 + g / 2] >> g % 2 * 4 & 15;
    b.scale[g] = static_cast<int8_t>(int32_t(low | (high >> 2 * g & 3) << 4) - 32);
    nibbles(p + 8 + 16 * g, b, g);
  }
  look_up(b, 256);
}

constexpr StoredType kTypes[] = {
    //                                          bits, zero, unit, two levels, minimum
    {0, "F32", 1, 4, nullptr, {}},
    {1, "F16", 1, 2, nullptr, {}},
    {30, "BF16", 1, 2, nullptr, {}},
    {8, "Q8_0", 32, 34, q8_0, Record::of(8, 0, 32, false, false)},
    {2, "Q4_0", 32, 18, q4_0, Record::of(4, 8, 32, false, false)},
    {3, "Q4_1", 32, 20, q4_1, Record::of(4, 0, 32, false, true)},
    {6, "Q5_0", 32, 22, q5_0, Record::of(8, 0, 32, false, false)},
    {7, "Q5_1", 32, 24, q5_1, Record::of(8, 0, 32, false, true)},
    {10, "Q2_K", 256, 84, q2_k, Record::of(4, 0, 16, true, true)},
    {11, "Q3_K", 256, 110, q3_k, Record::of(4, 4, 16, true, false)},
    {12, "Q4_K", 256, 144, q4_k, Record::of(4, 0, 32, true, true)},
    {13, "Q5_K", 256, 176, q5_k, Record::of(8, 0, 32, true, true)},
    {14, "Q6_K", 256, 210, q6_k, Record::of(8, 0, 16, true, false)},
    {20, "IQ4_NL", 32, 18, iq4_nl, Record::of(8, 0, 32, false, false)},
    {23, "IQ4_XS", 256, 136, iq4_xs, Record::of(8, 0, 32, true, false)},
};

struct Scales {
  float d, m;
};
Scales scales_of(const StoredType& t, const StoredBlock& b, float d, float m, uint32_t unit) {
  if (!t.record.two_levels) return {d, m};
  return {d * float(b.scale[unit]), t.record.minimum ? m * float(b.minimum[unit]) : 0};
}

/// Puts the q of one group of 32 columns in place.
void pack_group(uint32_t bits, const int8_t* q, uint8_t* to) {
  for (uint32_t v = 0; v < bits; ++v, to += 64) {
    uint32_t word, high;
    __builtin_memcpy(&word, q + 4 * v, 4);
    if (bits == 4) {
      __builtin_memcpy(&high, q + 16 + 4 * v, 4);
      word |= high << 4;
    }
    __builtin_memcpy(to, &word, 4);
  }
}

}  // namespace

const StoredType* find_stored_type(uint32_t id) {
  for (const StoredType& t : kTypes)
    if (t.id == id) return &t;
  return nullptr;
}

float half_to_float(uint16_t half) {
  const uint32_t sign = (half & 0x8000u) << 16, magnitude = half & 0x7fffu;
  // No float below becomes subnormal: arithmetic with those is slow.
  if (magnitude < 0x400) return __builtin_bit_cast(float, sign | 0x3f800000) * (float(magnitude) * 0x1p-24f);
  const uint32_t bias = magnitude < 0x7c00 ? 112 : 224;
  return __builtin_bit_cast(float, sign | (magnitude << 13) + (bias << 23));
}

uint16_t float_to_half(float x) {
  const uint32_t bits = __builtin_bit_cast(uint32_t, x), sign = bits >> 16 & 0x8000, magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) return static_cast<uint16_t>(sign | 0x7e00);
  if (magnitude >= 0x477ff000) return static_cast<uint16_t>(sign | 0x7c00);  // 65,520 and more
  if (magnitude < 0x38800000) {  // below 2^-14: a multiple of 2^-24
    const float whole = __builtin_bit_cast(float, magnitude) + 0.5f;  // the sum's last place is 2^-24
    return static_cast<uint16_t>(sign | (__builtin_bit_cast(uint32_t, whole) - 0x3f000000));
  }
  return static_cast<uint16_t>(sign | (magnitude - 0x38000000 + 0xfff + (magnitude >> 13 & 1)) >> 13);
}

void unpack(const StoredType& t, const uint8_t* from, uint64_t cols, float* out) {
  if (t.id == 0) {
    rt::copy_bytes(out, from, cols * 4);
    return;
  }
  StoredBlock b;
  for (; cols; cols -= t.block_cols, from += t.block_bytes) {
    if (!t.quantized()) {
      const uint16_t bits = half_at(from);
      *out++ = t.id == 1 ? half_to_float(bits) : __builtin_bit_cast(float, uint32_t{bits} << 16);
      continue;
    }
    t.take_apart(from, b);
    const float d = half_to_float(b.d), m = half_to_float(b.m);
    for (uint32_t c = 0; c < t.block_cols; ++c) {
      const Scales s = scales_of(t, b, d, m, c / t.record.unit);
      const float product = s.d * float(b.q[c] - t.record.zero);
      *out++ = t.record.minimum ? product + s.m : product;
    }
  }
}

Packed pack_row(const StoredType& t, const uint8_t* from, uint64_t cols, uint8_t* record, uint32_t lane) {
  const Record& r = t.record;
  const float largest_q = r.bits == 4 ? 15 : 128, units_in_32 = r.unit == 16 ? 0.5f : 1;
  float sum = 0;  // of the largest weights of all groups
  uint32_t group = 0;
  StoredBlock b;
  for (; cols; cols -= t.block_cols, from += t.block_bytes) {
    t.take_apart(from, b);
    const float d = half_to_float(b.d), m = half_to_float(b.m);
    for (uint32_t u = 0; u < t.block_cols / r.unit; ++u) {
      const Scales s = scales_of(t, b, d, m, u);
      const float step = __builtin_fabsf(s.d), start = r.minimum ? __builtin_fabsf(s.m) : step * r.zero;
      if (!(step < __builtin_inff() && start < __builtin_inff())) return Packed::not_finite;
      if (!(step < 128 && start < 128)) return Packed::too_large;
      sum += (step * largest_q + start) * units_in_32;
    }
    if (r.two_levels) {
      __builtin_memcpy(record + 2 * lane, &b.d, 2);
      if (r.minimum) __builtin_memcpy(record + 32 + 2 * lane, &b.m, 2);
      uint8_t* scale = record + 64 + lane;
      for (uint32_t u = 0; u < r.units; ++u) scale[16 * u] = static_cast<uint8_t>(b.scale[u]);
      for (uint32_t u = 0; r.minimum && u < r.units; ++u)
        scale[16 * (r.units + u)] = static_cast<uint8_t>(b.minimum[u]);
    } else {
      __builtin_memcpy(record + 32 * group + 2 * lane, &b.d, 2);
      if (r.minimum) __builtin_memcpy(record + 64 + 32 * group + 2 * lane, &b.m, 2);
    }
    for (uint32_t c = 0; c < t.block_cols; c += 32, ++group)
      pack_group(r.bits, b.q + c, record + r.head_bytes + group * r.group_bytes + 4 * lane);
    if (group == r.groups) group = 0, record += r.bytes;
  }
  // A sum of products stays below 2^63 as long as this, times 32 columns * 2^15 * 2^4 * 2^24, does; with a margin for
  // this sum's own rounding.
  return sum < 32000 ? Packed::ok : Packed::too_large;
}

bool round_to_q8_0(const float* x, uint8_t* block) {
  uint32_t bits = 0;
  for (uint32_t i = 0; i < 32; ++i) bits = rt::max(bits, __builtin_bit_cast(uint32_t, x[i]) & 0x7fffffff);
  const float largest = __builtin_bit_cast(float, bits);  // what is no number counts as more than infinite
  const uint16_t half = float_to_half(largest / 127.0f);
  const float scale = half_to_float(half);
  if (!(scale < __builtin_inff())) return false;
  __builtin_memcpy(block, &half, 2);
  for (uint32_t i = 0; i < 32; ++i) {
    constexpr float kRound = 0x1.8p23f;  // added, it leaves no place for a fraction
    // The scale was rounded too: a small one may be so small that 127 is passed.
    float q = scale > 0 ? (x[i] / scale + kRound) - kRound : 0;
    q = q < 127 ? q : 127;
    block[2 + i] = static_cast<uint8_t>(static_cast<int8_t>(q > -127 ? q : -127));
  }
  return true;
}

}  // namespace model
