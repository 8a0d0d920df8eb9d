#include "model/kernels/exact_steps.hpp"

namespace model {
namespace {

constexpr uint32_t kRows = 16;
constexpr uint32_t kAhead = 4096;  // bytes that memory is asked for early

/// y[0..16) = float(sum) * scale
void finish(const int64_t* sum, uint32_t lanes, float scale, float* y) {
  for (uint32_t row = 0; row < kRows; ++row) {
    const uint32_t in_run = row % lanes;
    y[row] = float(sum[row - in_run + in_run % 2 * lanes / 2 + in_run / 2]) * scale;
  }
}

}  // namespace

void multiply_records(const ProductExact& p, const ExactSteps& steps) {
  alignas(64) int32_t d[kMostUnits * kRows], m[kMostUnits * kRows];
  alignas(64) int16_t pairs[256 * kRows];
  alignas(64) int64_t sums[kExactBatch * kRows];
  const Record& r = *p.record;
  ExactRun run{r, r.minimum || r.zero, p.w, p.records, nullptr, nullptr, nullptr, d, m, pairs};
  const ExactUnit* units = r.unit == 16 ? p.x.by_16 : p.x.by_32;
  for (uint32_t b = 0; b < p.blocks; ++b) {
    const uint8_t* w = p.w + uint64_t{b} * p.records * r.bytes;
    for (uint32_t i = 0; i < p.n; i += kExactBatch) {
      const uint32_t n = p.n - i < kExactBatch ? p.n - i : kExactBatch;
      for (int64_t& sum : sums) sum = 0;
      const int16_t* q = run.q = p.x.q + i * p.x.cols;
      const ExactUnit* unit = run.unit = units + i * p.x.cols / r.unit;
      run.sums = sums;
      run.w = w;
      if (p.n == 1)
        steps.one(run);
      else
        for (uint32_t record = 0; record < p.records; ++record, run.w += r.bytes) {
          for (uint32_t at = 0; at < r.bytes; at += 64) __builtin_prefetch(run.w + kAhead + at);
          steps.expand(run);
          for (uint32_t t = 0; t < n; t += steps.together) {
            run.q = q + 2 * t;
            run.unit = unit + t;
            run.sums = sums + t * kRows;
            steps.many(run);
          }
          q += r.cols * kExactBatch;
          unit += r.units * kExactBatch;
        }
      for (uint32_t t = 0; t < n; ++t)
        finish(sums + t * kRows, steps.lanes, p.x.scale[i + t], p.y + (i + t) * p.y_stride + uint64_t{b} * kRows);
    }
  }
}

}  // namespace model
