#include "model/softmax.hpp"

namespace model {

void softmax(const Kernels& kernels, float* x, uint32_t n) {
  float largest = x[0];
  for (uint32_t i = 1; i < n; ++i) largest = x[i] > largest ? x[i] : largest;
  kernels.exp(x, n, largest);
  float sum = 0;
  for (uint32_t i = 0; i < n; ++i) sum += x[i];
  for (uint32_t i = 0; i < n; ++i) x[i] /= sum;
}

}  // namespace model
