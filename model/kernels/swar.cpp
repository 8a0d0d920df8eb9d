// Products on general registers, for machines that are emulated: QEMU's TCG runs 64-bit integer
// arithmetic near the speed of the host, but takes a helper call for most vector instructions.
//
// A 64-bit load brings four columns of two rows; masked to one column, it is two fields of 32 bits
// that one multiplication by x serves. The fields are sums of (byte * x), signed: the lower one
// borrows from the upper one, which is put right when they are taken apart.
#include "model/kernels/load_here.hpp"
#include "model/kernels/shared.hpp"
#include "model/kernels/tile.hpp"

namespace {

constexpr uint32_t kLanes = 16;
constexpr uint64_t kField = 0x000000ff000000ff;

/// Four pairs of rows times one group. w: the first pair's first word; words are 64 bytes apart.
/// dot: [8], from `offset` on. A loop that crosses a page boundary is not chained by TCG and runs
/// at a quarter of the speed: the function is smaller than what it is aligned to.
[[gnu::noinline, gnu::aligned(512)]] void dot_rows(const uint8_t* w, uint32_t words,
                                                   const int8_t* q, int32_t offset, int32_t* dot) {
  const uint64_t start = static_cast<uint64_t>(int64_t{offset}) * 0x100000001;
  uint64_t sum[4] = {start, start, start, start};
  for (; words; --words, w += 64, q += 4) {
    keep_here(w), keep_here(q);
    uint64_t v[4];
    UNROLLED for (int r = 0; r < 4; ++r) v[r] = load_here(reinterpret_cast<const uint64_t*>(w)[r]);
    UNROLLED for (int c = 0; c < 4; ++c) {
      const uint64_t x = static_cast<uint64_t>(int64_t{load_here(q[c])});
      UNROLLED for (int r = 0; r < 4; ++r) {
        sum[r] += (v[r] & kField) * x;
        v[r] >>= 8;
      }
    }
  }
  UNROLLED for (int r = 0; r < 4; ++r) {
    const int64_t low = static_cast<int32_t>(sum[r]);
    dot[2 * r] = static_cast<int32_t>(low);
    dot[2 * r + 1] = static_cast<int32_t>((sum[r] - static_cast<uint64_t>(low)) >> 32);
  }
}

using Floats = float __attribute__((vector_size(16)));
using Ints = int32_t __attribute__((vector_size(16)));

/// y[0..15] += (float(dot) * w_scale) * x_scale
void add_scaled(const int32_t* dot, const float* w_scale, float x_scale, float* y) {
  for (uint32_t r = 0; r < kLanes; r += 4) {
    const Floats sums = __builtin_convertvector(*reinterpret_cast<const Ints*>(dot + r), Floats);
    *reinterpret_cast<Floats*>(y + r) += sums * *reinterpret_cast<const Floats*>(w_scale + r) * x_scale;
  }
}

}  // namespace

void model::swar_multiply_q8(const ProductQ8& p) {
  const uint64_t stride = uint64_t{p.words} * 4, group_bytes = (stride + 4) * kLanes;
  alignas(16) int32_t dot[kLanes];
  for (uint32_t b = 0; b < p.blocks; ++b)
    for (uint32_t i = 0; i < p.n; ++i) {
      float* y = p.y + i * p.y_stride + uint64_t{b} * kLanes;
      for (uint32_t r = 0; r < kLanes; ++r) y[r] = 0;
      const uint8_t* w = p.w + uint64_t{b} * p.groups * group_bytes;
      for (uint64_t at = uint64_t{i} * p.groups; at < (i + 1ull) * p.groups; ++at) {
        dot_rows(w, p.words, p.x.q + at * stride, p.x.offset[at], dot);
        dot_rows(w + 32, p.words, p.x.q + at * stride, p.x.offset[at], dot + 8);
        w += group_bytes;
        add_scaled(dot, reinterpret_cast<const float*>(w) - kLanes, p.x.scale[at], y);
      }
    }
}
