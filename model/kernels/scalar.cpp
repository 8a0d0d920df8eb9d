// The meaning of every kernel, in plain C++; also what a machine without any better set runs.
#include "model/kernels/loops.hpp"
#include "model/kernels/shared.hpp"

namespace {

void multiply_f32(const model::ProductF32& p) {
  const float* block = p.w;
  for (uint32_t b = 0; b < p.blocks; ++b, block += uint64_t{p.cols} * kLanes)
    for (uint32_t i = 0; i < p.n; ++i) {
      const float* x = p.x + i * p.x_stride;
      float sum[kLanes] = {};
      for (uint32_t j = 0; j < p.cols; ++j)
        for (uint32_t r = 0; r < kLanes; ++r) sum[r] += block[uint64_t{j} * kLanes + r] * x[j];
      float* y = p.y + i * p.y_stride + uint64_t{b} * kLanes;
      for (uint32_t r = 0; r < kLanes; ++r) y[r] = sum[r];
    }
}

/// One group of one block: the exact dot products, then one float step.
void add_group(const uint8_t* w, uint32_t words, const int8_t* q, int32_t offset, float x_scale,
               float* y) {
  int32_t dot[kLanes];
  for (uint32_t r = 0; r < kLanes; ++r) dot[r] = offset;
  for (uint32_t word = 0; word < words; ++word)
    for (uint32_t r = 0; r < kLanes; ++r)
      for (uint32_t c = 0; c < 4; ++c) dot[r] += *w++ * q[word * 4 + c];
  const float* w_scale = reinterpret_cast<const float*>(w);
  for (uint32_t r = 0; r < kLanes; ++r) y[r] += (float(dot[r]) * w_scale[r]) * x_scale;
}

void multiply_q8(const model::ProductQ8& p) {
  const uint32_t stride = p.words * 4;
  const uint64_t group_bytes = uint64_t{stride + 4} * kLanes;
  for (uint32_t b = 0; b < p.blocks; ++b)
    for (uint32_t i = 0; i < p.n; ++i) {
      float* y = p.y + i * p.y_stride + uint64_t{b} * kLanes;
      for (uint32_t r = 0; r < kLanes; ++r) y[r] = 0;
      for (uint32_t g = 0; g < p.groups; ++g) {
        const uint64_t at = uint64_t{i} * p.groups + g;
        add_group(p.w + (uint64_t{b} * p.groups + g) * group_bytes, p.words, p.x.q + at * stride,
                  p.x.offset[at], p.x.scale[at], y);
      }
    }
}

float clamp127(float v) {
  v = v < 127.0f ? v : 127.0f;  // what is no number becomes 127
  return v > -127.0f ? v : -127.0f;
}

int8_t round_half_away(float v) {
  const int32_t whole = static_cast<int32_t>(v);
  const float rest = v - static_cast<float>(whole);  // exact
  return static_cast<int8_t>(whole + (rest >= 0.5f) - (rest <= -0.5f));
}

void quantize_group(const float* x, uint32_t cols, uint32_t stride, int8_t* q, int16_t* pairs,
                    float* scale, int32_t* offset) {
  float largest = 0;
  for (uint32_t j = 0; j < cols; ++j) {
    const float magnitude = x[j] < 0 ? -x[j] : x[j];
    largest = magnitude > largest ? magnitude : largest;
  }
  *scale = largest / 127.0f;
  const bool usable = *scale > 0 && *scale < __builtin_inff();
  int32_t sum = 0;
  for (uint32_t j = 0; j < stride; ++j) {
    q[j] = usable && j < cols ? round_half_away(clamp127(x[j] / *scale)) : 0;
    constexpr uint32_t kOrder[] = {0, 2, 1, 3};
    pairs[j / 4 * 4 + kOrder[j % 4]] = q[j];
    sum += q[j];
  }
  *offset = -128 * sum;
}

void quantize(const model::Quantization& z) { quantize_groups(z, quantize_group); }

void score(const model::Head& h) {
  for (uint32_t first = 0; first < h.steps; first += kLanes) {
    const float* keys = h.keys + uint64_t{first} * h.dim;
    float sum[kLanes] = {};
    for (uint32_t j = 0; j < h.dim; ++j)
      for (uint32_t t = 0; t < kLanes; ++t) sum[t] += h.q[j] * keys[j * kLanes + t];
    for (uint32_t t = 0; t < kLanes; ++t) h.weights[first + t] = sum[t] / h.divisor;
  }
}

void mix(const model::Head& h) {
  for (uint32_t j = 0; j < h.value_lanes; ++j) h.out[j] = 0;
  for (uint32_t t = 0; t < h.steps; ++t)
    for (uint32_t j = 0; j < h.value_lanes; ++j)
      h.out[j] += h.weights[t] * h.values[t * h.value_stride + j];
}

void exp(float* x, uint32_t n, float shift) { exp_each(x, n, shift); }

}  // namespace

constinit const model::Kernels model::kScalarKernels = {
    "scalar", {}, multiply_f32, multiply_q8, model::scalar_multiply_exact, quantize, score, mix, exp};
