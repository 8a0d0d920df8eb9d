#pragma once
// Exact products (model/exact.hpp) on vectors of any width, written once. A kernel's source includes this and gives it
//
//   struct V : Lanes<n> {  // 4, 8 or 16
//     static Ints add_pairs(Ints sum, Ints w, Ints x);  // sum[i] + w[2i] * x[2i] + w[2i + 1] * x[2i + 1], int16
//     static Longs multiply(Ints a, Ints b);            // the even lanes, signed
//     static Floats halves(const uint8_t* from);        // kLanes half floats times 2^24, no subnormal arithmetic
//   };
//
// Everything here is local to that source: the instructions differ.
#include "model/kernels/exact_steps.hpp"
#include "model/kernels/tile.hpp"

namespace {

/// Vectors of `n` lanes of 32 bits, and of the same size of other numbers.
template <uint32_t n>
struct Lanes {
  static constexpr uint32_t kLanes = n;
  using Ints = int32_t __attribute__((vector_size(4 * n)));
  using Shorts = int16_t __attribute__((vector_size(4 * n)));
  using Words = uint16_t __attribute__((vector_size(4 * n)));
  using Longs = int64_t __attribute__((vector_size(4 * n)));
  using Pairs = uint64_t __attribute__((vector_size(4 * n)));
  using Floats = float __attribute__((vector_size(4 * n)));
  using Bytes = int8_t __attribute__((vector_size(n)));  // one for each lane
};

template <class V>
struct ExactTile {
  using Ints = typename V::Ints;
  using Shorts = typename V::Shorts;
  using Longs = typename V::Longs;
  using Floats = typename V::Floats;

  static constexpr uint32_t kLanes = V::kLanes, kRows = 16;
  static constexpr int kParts = kRows / kLanes;                 // vectors of a block's rows
  static constexpr int kTogether = kParts == 4 ? 2 : 8 / kParts;  // activation vectors of a tile
  static constexpr uint32_t kAhead = 8192;                      // bytes that memory is asked for early

  template <class T>
  TILE T load(const void* from) {
    return *static_cast<const T*>(from);
  }
  template <class T>
  TILE void store(void* to, T value) {
    *static_cast<T*>(to) = value;
  }
  /// Asks for what lies kAhead, into the second cache: more lines can be on their way there than the first one's
  /// buffers hold, which is where half of the time went.
  TILE void ask(const uint8_t* w) { __builtin_prefetch(w + kAhead, 0, 2); }
  TILE Ints all(int32_t value) { return Ints{} + value; }
  TILE Ints all_at(const int16_t* pair) {
    int32_t both;
    __builtin_memcpy(&both, pair, 4);
    return all(both);
  }
  TILE Ints down(Ints v, int bits) { return (Ints)((typename V::Words)v >> bits); }
  TILE Ints odd(Ints v) { return (Ints)((typename V::Pairs)v >> 32); }

  /// sums: the even rows', then the odd ones'.
  TILE void add_unit(int64_t* sums, Ints dot, const model::ExactUnit& unit, const int32_t* d, const int32_t* m,
                     bool with_m) {
    const Ints step = load<Ints>(d);
    dot = dot << unit.up;
    Longs even = load<Longs>(sums) + V::multiply(dot, step);
    Longs uneven = load<Longs>(sums + kLanes / 2) + V::multiply(odd(dot), odd(step));
    if (with_m) {
      const Ints start = load<Ints>(m), sum = all(unit.sum);
      even += V::multiply(sum, start);
      uneven += V::multiply(sum, odd(start));
    }
    store(sums, even);
    store(sums + kLanes / 2, uneven);
  }

  /// exact_scales for these vectors.
  [[gnu::noinline]] static void scales(const model::Record& r, const uint8_t* record, int32_t* d, int32_t* m) {
    const uint32_t units = r.units;
    const float zero = -float(r.zero);
    for (uint32_t first = 0; first < kRows; first += kLanes) {
      const uint8_t* from = record + 2 * first;
      const Floats factor = V::halves(from), factor_m = V::halves(from + 32);
      for (uint32_t u = 0; u < units; ++u) {
        Floats step, start;
        if (r.two_levels) {
          const uint8_t* byte = record + 64 + 16 * u + first;
          step = factor * bytes(byte);
          if (r.minimum) start = factor_m * bytes(byte + 16 * units);
        } else {
          step = V::halves(from + 32 * u);
          if (r.minimum) start = V::halves(from + 32 * (units + u));
        }
        if (!r.minimum) start = step * zero;
        store(d + 16 * u + first, __builtin_convertvector(step, Ints));
        store(m + 16 * u + first, __builtin_convertvector(start, Ints));
      }
    }
  }
  TILE Floats bytes(const uint8_t* from) {
    typename V::Bytes lanes;
    __builtin_memcpy(&lanes, from, sizeof lanes);
    return __builtin_convertvector(lanes, Floats);
  }

  /// Calls emit(pair, weights, others) for the 8 pairs of columns of a group's first half, in the order of
  /// ExactVectors::q, each together with the pair that has the same place in the second half.
  template <class Emit>
  TILE void for_pairs(uint32_t bits, const uint8_t* w, Emit emit) {
    const Ints low = (Ints)(Shorts{} + 15);
    if (bits == 4)
      for (int pair = 0; pair < 8; pair += 2, w += 64) {
        const Ints word = load<Ints>(w);
        emit(pair, word & low, down(word, 4) & low);
        emit(pair + 1, down(word, 8) & low, down(word, 12));
      }
    else
      for (int pair = 0; pair < 8; pair += 2, w += 64) {
        const Shorts word = load<Shorts>(w), other = load<Shorts>(w + 256);
        emit(pair, (Ints)(word << 8 >> 8), (Ints)(other << 8 >> 8));
        emit(pair + 1, (Ints)(word >> 8), (Ints)(other >> 8));
      }
  }

  static void one(const model::ExactRun& run) {
    const model::Record r = run.record;
    const uint8_t* w = run.w;
    const int16_t* q = run.q;
    const model::ExactUnit* unit = run.unit;
    const bool by_16 = r.unit == 16;
    for (uint32_t left = run.records; left; --left) {
      scales(run.record, w, run.d, run.m);
      for (uint32_t at = 0; at < r.head_bytes; at += 64) ask(w + at);
      w += r.head_bytes;
      const int32_t *d = run.d, *m = run.m;
      for (uint32_t g = r.groups; g; --g, q += 32) {
        int64_t* sums = run.sums;
        for (int part = 0; part < kParts; ++part, w += 4 * kLanes, sums += kLanes, d += kLanes, m += kLanes) {
          Ints low{}, high{};
          for_pairs(r.bits, w, [&](int pair, Ints weights, Ints others) __attribute__((always_inline)) {
            low = V::add_pairs(low, weights, all_at(q + 2 * pair));
            high = V::add_pairs(high, others, all_at(q + 16 + 2 * pair));
          });
          for (int at = 0; at < r.group_bytes; at += 64 * kParts) ask(w + at);
          if (by_16)
            add_unit(sums, high, unit[1], d + kRows, m + kRows, run.with_m);
          else
            low += high;
          add_unit(sums, low, unit[0], d, m, run.with_m);
        }
        w += r.group_bytes - 4 * kRows;
        ++unit;
        if (by_16) ++unit, d += kRows, m += kRows;
      }
    }
  }

  static void expand(const model::ExactRun& run) {
    const model::Record& r = run.record;
    scales(r, run.w, run.d, run.m);
    const uint8_t* w = run.w + r.head_bytes;
    int16_t* to = run.pairs;
    for (uint32_t g = r.groups; g; --g, w += r.group_bytes, to += 32 * kRows)
      for (uint32_t first = 0; first < kRows; first += kLanes)
        for_pairs(r.bits, w + 4 * first, [&](int pair, Ints weights, Ints others) __attribute__((always_inline)) {
          store(to + 2 * first + 2 * kRows * pair, weights);
          store(to + 2 * first + 2 * kRows * (pair + 8), others);
        });
  }

  static void many(const model::ExactRun& run) {
    const int16_t *pairs = run.pairs, *q = run.q;
    const model::ExactUnit* unit = run.unit;
    const int32_t *d = run.d, *m = run.m;
    for (uint32_t u = run.record.units; u; --u, unit += model::kExactBatch, d += kRows, m += kRows) {
      Ints dot[kTogether * kParts] = {};
      for (uint32_t c = run.record.unit; c; c -= 2, pairs += 2 * kRows, q += 2 * model::kExactBatch)
        UNROLLED for (int part = 0; part < kParts; ++part) {
          const Ints weights = load<Ints>(pairs + 2 * kLanes * part);
          UNROLLED for (int t = 0; t < kTogether; ++t) {
            Ints& sum = dot[t * kParts + part];
            sum = V::add_pairs(sum, weights, all_at(q + 2 * t));
          }
        }
      alignas(64) Ints dots[kTogether * kParts];  // what follows is not unrolled
      UNROLLED for (int j = 0; j < kTogether * kParts; ++j) dots[j] = dot[j];
      for (int j = 0; j < kTogether * kParts; ++j) {
        const uint32_t first = j % kParts * kLanes;
        add_unit(run.sums + j * kLanes, dots[j], unit[j / kParts], d + first, m + first, run.with_m);
      }
    }
  }

  static constexpr model::ExactSteps kSteps = {kLanes, kTogether, one, expand, many};
};

}  // namespace
